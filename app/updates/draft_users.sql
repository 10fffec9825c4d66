-- The drafts whose type is one of the given drafts.
SELECT t.node_identifier, v.node_identifier, v.version_number, n.node_reference, n.owner_identifier, n.edition
FROM unnest(%(nodes)s::bigint[], %(numbers)s::integer[]) AS t (node_identifier, version_number)
JOIN node_version v
  ON v.type_node_identifier = t.node_identifier AND v.type_version_number = t.version_number
JOIN node n ON n.node_identifier = v.node_identifier
