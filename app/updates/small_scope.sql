-- The node that a request names, with its content if `content` is true, at most `most` nodes of it: a row for the latest
-- version of each node, and one for its frozen version if that is another, because the caller's rights decide which of
-- them is examined. The rows of the named node have its name, and the permissions of the groups.
-- The bounds of the content are subqueries: with a join, the planner would expect a ninth of all nodes between them and
-- read the whole table.
WITH named AS MATERIALIZED (
  SELECT n.node_identifier, n.node_reference, n.owner_identifier, n.frozen_version_number, n.latest_version_number,
         n.edition
  FROM node n
  WHERE n.node_identifier = %(identifier)s::bigint OR n.node_reference = %(reference)s::text
), scope AS MATERIALIZED (
  SELECT n.*, true AS is_named FROM named n
  UNION ALL (
    SELECT n.node_identifier, n.node_reference, n.owner_identifier, n.frozen_version_number, n.latest_version_number,
           n.edition, false
    FROM node n
    WHERE %(content)s::boolean
      AND n.node_reference >= (SELECT node_reference || '.' FROM named)
      AND n.node_reference < (SELECT node_reference || '/' FROM named)
    LIMIT %(most)s::integer
  )
)
SELECT s.node_identifier, s.node_reference, s.owner_identifier, s.frozen_version_number, s.latest_version_number,
       s.edition, v.version_number, v.type_node_identifier, v.type_version_number,
       v.member_types, v.member_type_numbers, v.targets, v.target_numbers,
       CASE WHEN s.is_named THEN v.node_name END,
       CASE WHEN s.is_named THEN (
         SELECT coalesce(json_agg(json_build_array(h.permission_type, h.node_identifier, h.node_reference)), '[]')
         FROM (
           SELECT p.permission_type, n.node_identifier, n.node_reference
           FROM permission p JOIN node n USING (node_identifier)
           WHERE p.user_group_identifier = ANY (%(groups)s::bigint[])
           LIMIT %(most_permissions)s::integer
         ) AS h
       ) END
FROM scope s
JOIN node_version v
  ON v.node_identifier = s.node_identifier
  AND v.version_number IN (s.latest_version_number, s.frozen_version_number)
