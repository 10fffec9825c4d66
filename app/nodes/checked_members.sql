-- The members of the given versions, with long values cut.
SELECT m.node_identifier, m.version_number, m.member_type_node_identifier, m.member_type_version_number,
       m.position, left(m.value, %(longest)s::integer), m.scale, m.target_node_identifier, m.target_version_number
FROM unnest(%(nodes)s::bigint[], %(numbers)s::integer[]) AS v (node_identifier, version_number)
JOIN member m USING (node_identifier, version_number)
ORDER BY m.node_identifier, m.version_number, m.position
