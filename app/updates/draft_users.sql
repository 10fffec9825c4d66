-- The drafts whose type is one of the given drafts. OFFSET 0 keeps the planner from joining with all versions and nodes,
-- since it expects that each type has as many.
SELECT t.node_identifier, u.node_identifier, u.version_number, n.node_reference, n.owner_identifier, n.edition,
       u.size
FROM unnest(%(nodes)s::bigint[], %(numbers)s::integer[]) AS t (node_identifier, version_number)
CROSS JOIN LATERAL (
  SELECT v.node_identifier, v.version_number, cardinality(v.member_types)
  FROM node_version v
  WHERE v.type_node_identifier = t.node_identifier AND v.type_version_number = t.version_number
  OFFSET 0
) AS u (node_identifier, version_number, size)
CROSS JOIN LATERAL (
  SELECT n.node_reference, n.owner_identifier, n.edition
  FROM node n
  WHERE n.node_identifier = u.node_identifier
  OFFSET 0
) AS n
