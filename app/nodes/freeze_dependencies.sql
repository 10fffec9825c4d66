-- The nodes whose drafts the drafts of the given nodes depend on.
SELECT DISTINCT m.node_identifier
FROM unnest(%(nodes)s::bigint[]) AS given (node_identifier)
JOIN node n ON n.node_identifier = given.node_identifier
JOIN dependency d ON d.node_identifier = n.node_identifier AND d.version_number = n.latest_version_number
JOIN node m ON m.node_identifier = d.on_node_identifier
WHERE n.latest_version_number > n.frozen_version_number AND d.on_version_number > m.frozen_version_number
