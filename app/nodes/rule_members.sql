-- The members of types and member types that are lists of member types or rules, with values cut where they are longer
-- than any rule. If a rule is not a list, only its first member with a value counts and is read.
SELECT r.node_identifier, r.version_number, r.member_type_node_identifier, r.member_type_version_number,
       r.position, r.value, r.scale, r.target_node_identifier, r.target_version_number
FROM (
  SELECT m.node_identifier, m.version_number, m.member_type_node_identifier, m.member_type_version_number, m.position,
         left(m.value, %(longest)s::integer) AS value, m.scale, m.target_node_identifier, m.target_version_number,
         row_number() OVER (
           PARTITION BY m.node_identifier, m.version_number, m.member_type_node_identifier
           ORDER BY m.value IS NULL, m.position
         ) AS nth
  FROM unnest(%(nodes)s::bigint[], %(numbers)s::integer[]) AS v (node_identifier, version_number)
  JOIN member m USING (node_identifier, version_number)
  WHERE m.member_type_node_identifier = ANY (%(rules)s::bigint[])
) AS r
WHERE r.nth = 1 OR r.member_type_node_identifier = ANY (%(lists)s::bigint[])
ORDER BY r.node_identifier, r.version_number, r.position
