-- The packages at the top with the most nodes that are out of date: that link to a node of the same package which has
-- a later version. `latest` is the version that is examined in an update, the latest one that the caller may use.
WITH latest AS (
  SELECT n.node_identifier, n.node_reference, split_part(n.node_reference, '.', 1) AS package,
         CASE WHEN {draft} THEN n.latest_version_number ELSE n.frozen_version_number END AS number
  FROM node n WHERE n.node_identifier > :last_system AND {readable}
)
SELECT n.package, count(DISTINCT n.node_identifier)
FROM latest n
JOIN node_version v ON v.node_identifier = n.node_identifier AND v.version_number = n.number
CROSS JOIN LATERAL (
  SELECT v.type_node_identifier, v.type_version_number
  UNION ALL SELECT l.target, l.number FROM unnest(v.targets, v.target_numbers) AS l (target, number)
) AS link (node_identifier, number)
JOIN latest m ON m.node_identifier = link.node_identifier AND m.package = n.package AND m.number > link.number
WHERE EXISTS (SELECT FROM latest p WHERE p.node_reference = n.package)
GROUP BY n.package ORDER BY count(DISTINCT n.node_identifier) DESC, n.package LIMIT :limit
