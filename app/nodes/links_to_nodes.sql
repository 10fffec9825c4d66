-- The first versions of other nodes that link to any version of the given nodes.
SELECT v.node_identifier, v.version_number
FROM node_version i
JOIN node_version v
  ON v.node_identifier = i.node_identifier AND coalesce(v.indexed_as, v.version_number) = i.version_number
WHERE i.indexed_as IS NULL AND i.node_identifier <> ALL (:nodes)
  AND (i.targets && CAST(:nodes AS bigint[]) OR i.member_types && CAST(:nodes AS bigint[]))
UNION
SELECT v.node_identifier, v.version_number
FROM node_version v
WHERE v.type_node_identifier = ANY (:nodes) AND v.node_identifier <> ALL (:nodes)
ORDER BY 1, 2
LIMIT :most
