-- A version of a node, by number, with its members if `members` is true and they are not large or `any_size` is true, and
-- the permissions of the groups. Without a number, there are two rows if the latest version is a draft, and the caller's
-- rights decide which of them is meant. If the node has no such version, the columns of the version are null.
SELECT n.node_identifier, n.node_reference, n.owner_identifier, n.frozen_version_number, n.latest_version_number,
       n.edition, v.version_number, v.node_name, v.node_version_comment, v.type_node_identifier, v.type_version_number,
       s.is_large, c.member_types, c.member_type_numbers, c.sequences, c.targets, c.target_numbers, c.values, c.scales,
       c.comments,
       -- The names of the versions that the version links to.
       (SELECT json_agg(json_build_array(t.node_identifier, t.version_number, t.node_reference, t.owner_identifier,
                                         t.node_name, t.frozen_version_number))
        FROM (
          SELECT v.type_node_identifier, v.type_version_number
          UNION SELECT * FROM unnest(c.member_types, c.member_type_numbers)
          UNION SELECT * FROM unnest(c.targets, c.target_numbers)
        ) AS l (node_identifier, version_number)
        CROSS JOIN LATERAL (
          SELECT tn.node_identifier, tv.version_number, tn.node_reference, tn.owner_identifier, tv.node_name,
                 tn.frozen_version_number
          FROM node tn JOIN node_version tv USING (node_identifier)
          WHERE tn.node_identifier = l.node_identifier AND tv.version_number = l.version_number
          OFFSET 0
        ) AS t
       ),
       -- The positions of member types in the list of the type.
       (SELECT json_agg(json_build_array(l.target_node_identifier, l.position))
        FROM (
          SELECT m.target_node_identifier, min(m.sequence) AS position
          FROM member m
          WHERE m.node_identifier = v.type_node_identifier AND m.version_number = v.type_version_number
            AND m.member_type_node_identifier = %(member_type_list)s::bigint AND %(members)s::boolean
          GROUP BY m.target_node_identifier
        ) AS l
       ),
       (SELECT coalesce(json_agg(json_build_array(h.permission_type, h.node_identifier, h.node_reference)), '[]')
        FROM (
          SELECT p.permission_type, g.node_identifier, g.node_reference
          FROM permission p JOIN node g USING (node_identifier)
          WHERE p.user_group_identifier = ANY (%(groups)s::bigint[])
          LIMIT %(most_permissions)s::integer
        ) AS h
       )
FROM node n
LEFT JOIN node_version v
  ON v.node_identifier = n.node_identifier
  AND v.version_number IN (coalesce(%(number)s::integer, n.latest_version_number),
                           coalesce(%(number)s::integer, n.frozen_version_number))
LEFT JOIN LATERAL (
  SELECT %(members)s::boolean AND NOT %(any_size)s::boolean
         AND is_large_version(v.member_types, v.values, v.comments) AS is_large
) AS s ON true
LEFT JOIN LATERAL (
  SELECT v.member_types, v.member_type_numbers, v.sequences, v.targets, v.target_numbers, v.values, v.scales, v.comments
  WHERE %(members)s::boolean AND NOT coalesce(s.is_large, false)
) AS c ON true
WHERE n.node_identifier = %(identifier)s::bigint OR n.node_reference = %(reference)s::text
