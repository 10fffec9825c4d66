-- The names and the types of versions.
SELECT v.node_identifier, v.node_name, t.node_identifier, t.node_reference, t.owner_identifier,
       v.type_version_number, tv.node_name, t.frozen_version_number
FROM unnest(CAST(:nodes AS bigint[]), CAST(:numbers AS integer[])) AS shown (node_identifier, version_number)
JOIN node_version v USING (node_identifier, version_number)
JOIN node t ON t.node_identifier = v.type_node_identifier
JOIN node_version tv
  ON tv.node_identifier = v.type_node_identifier AND tv.version_number = v.type_version_number
