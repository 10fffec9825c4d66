-- The types of the versions to which data links, and of those to which its links move. The parameters are those of
-- `ahead_contents.sql`, and OFFSET 0 is there for the same reason.
WITH moved AS MATERIALIZED (
  SELECT node_identifier, version_number
  FROM unnest(%(moved_nodes)s::bigint[], %(moved_numbers)s::integer[]) AS m (node_identifier, version_number)
), data AS (
  SELECT node_identifier, version_number
  FROM unnest(%(data_nodes)s::bigint[], %(data_numbers)s::integer[]) AS d (node_identifier, version_number)
  UNION
  SELECT u.node_identifier, u.version_number
  FROM unnest(%(draft_nodes)s::bigint[], %(draft_numbers)s::integer[]) AS t (node_identifier, version_number)
  CROSS JOIN LATERAL (
    SELECT v.node_identifier, v.version_number
    FROM node_version v
    WHERE v.type_node_identifier = t.node_identifier AND v.type_version_number = t.version_number
    OFFSET 0
  ) AS u
), target AS MATERIALIZED (
  SELECT DISTINCT t.node_identifier, t.version_number
  FROM data d
  CROSS JOIN LATERAL (
    SELECT m.target_node_identifier, m.target_version_number
    FROM member m
    WHERE m.node_identifier = d.node_identifier AND m.version_number = d.version_number
      AND m.target_node_identifier IS NOT NULL
    OFFSET 0
  ) AS t (node_identifier, version_number)
), wanted AS MATERIALIZED (
  SELECT node_identifier, version_number FROM target
  UNION
  SELECT node_identifier, version_number FROM moved WHERE node_identifier IN (SELECT node_identifier FROM target)
)
SELECT w.node_identifier, w.version_number, v.type_node_identifier
FROM wanted w
CROSS JOIN LATERAL (
  SELECT v.type_node_identifier
  FROM node_version v
  WHERE v.node_identifier = w.node_identifier AND v.version_number = w.version_number
  OFFSET 0
) AS v
