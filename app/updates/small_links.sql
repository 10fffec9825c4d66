-- The nodes to which the latest and the frozen versions of a small scope link, by type or by target; at most
-- `most_links` of them. The scope is that of `small_scope.sql`.
WITH named AS MATERIALIZED (
  SELECT n.node_identifier, n.node_reference, n.frozen_version_number, n.latest_version_number
  FROM node n
  WHERE n.node_identifier = %(identifier)s::bigint OR n.node_reference = %(reference)s::text
), scope AS MATERIALIZED (
  SELECT n.node_identifier, n.frozen_version_number, n.latest_version_number FROM named n
  UNION ALL (
    SELECT n.node_identifier, n.frozen_version_number, n.latest_version_number
    FROM node n
    WHERE %(content)s::boolean
      AND n.node_reference >= (SELECT node_reference || '.' FROM named)
      AND n.node_reference < (SELECT node_reference || '/' FROM named)
    LIMIT %(most)s::integer
  )
), linked AS MATERIALIZED (
  SELECT DISTINCT link.node_identifier
  FROM scope s
  JOIN node_version v
    ON v.node_identifier = s.node_identifier
    AND v.version_number IN (s.latest_version_number, s.frozen_version_number)
  CROSS JOIN LATERAL unnest(v.targets || v.type_node_identifier) AS link (node_identifier)
  LIMIT %(most_links)s::integer
)
SELECT n.node_identifier, n.latest_version_number, n.frozen_version_number, coalesce(n.owner_identifier, 0), n.edition,
       n.node_reference
FROM node n
WHERE n.node_identifier = ANY (ARRAY(SELECT node_identifier FROM linked))
