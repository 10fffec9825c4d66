-- The nodes in scope, with the type and the number of members of the latest version of each.
SELECT n.node_identifier,
       n.latest_version_number::bigint,
       n.frozen_version_number::bigint,
       n.edition,
       coalesce(n.owner_identifier, 0),
       v.type_node_identifier,
       v.type_version_number::bigint,
       cardinality(v.targets)::bigint
FROM node n
JOIN node_version v
  ON v.node_identifier = n.node_identifier AND v.version_number = n.latest_version_number
WHERE {in_scope}
