-- The nodes to which the latest and the frozen versions of a small scope link, by type or by target; at most
-- `most_links` of them. The scope is that of `small_scope.sql`.
SELECT n.node_identifier, n.latest_version_number, n.frozen_version_number, coalesce(n.owner_identifier, 0), n.edition,
       n.node_reference
FROM node n
WHERE n.node_identifier IN (
  SELECT unnest(v.targets || v.type_node_identifier)
  FROM (
    SELECT c.node_identifier, c.latest_version_number, c.frozen_version_number
    FROM node c
    WHERE c.node_identifier = %(identifier)s::bigint OR c.node_reference = %(reference)s::text
    UNION ALL (
      SELECT i.node_identifier, i.latest_version_number, i.frozen_version_number
      FROM node c
      JOIN node i
        ON i.node_reference >= (c.node_reference || '.') AND i.node_reference < (c.node_reference || '/')
      WHERE %(content)s::boolean
        AND (c.node_identifier = %(identifier)s::bigint OR c.node_reference = %(reference)s::text)
      LIMIT %(most)s::integer
    )
  ) AS s
  JOIN node_version v
    ON v.node_identifier = s.node_identifier
    AND v.version_number IN (s.latest_version_number, s.frozen_version_number)
)
LIMIT %(most_links)s::integer
