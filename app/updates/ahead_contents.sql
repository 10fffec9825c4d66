-- The members of all versions on which a plan depends that changes types: `types` are the types before and after it,
-- `moved` the versions to which links move, `data` the versions whose type changes, and `drafts` the draft types. The
-- statement reads the types, the member types that they list before and after, and the data, with that of the users of
-- draft types. A version without members has a row without a member. Each member has the reference of its member type; a long value
-- is cut. Users with so many members that PostgreSQL stores them apart are not read, nor those after the first `most`
-- members.
-- OFFSET 0 keeps the planner from joining with all versions, since it expects more versions than there are.
WITH types AS (
  SELECT node_identifier, version_number
  FROM unnest(%(type_nodes)s::bigint[], %(type_numbers)s::integer[]) AS t (node_identifier, version_number)
), moved AS MATERIALIZED (
  SELECT node_identifier, version_number
  FROM unnest(%(moved_nodes)s::bigint[], %(moved_numbers)s::integer[]) AS m (node_identifier, version_number)
), listed AS MATERIALIZED (
  SELECT l.node_identifier, l.version_number
  FROM types t
  CROSS JOIN LATERAL (
    SELECT m.target_node_identifier, m.target_version_number
    FROM member m
    WHERE m.node_identifier = t.node_identifier AND m.version_number = t.version_number
      AND m.member_type_node_identifier = %(list)s::bigint AND m.target_node_identifier IS NOT NULL
    OFFSET 0
  ) AS l (node_identifier, version_number)
), wanted AS MATERIALIZED (
  SELECT node_identifier, version_number FROM types
  UNION
  SELECT node_identifier, version_number FROM listed
  UNION
  SELECT node_identifier, version_number FROM moved WHERE node_identifier IN (SELECT node_identifier FROM listed)
  UNION
  SELECT node_identifier, version_number
  FROM unnest(%(data_nodes)s::bigint[], %(data_numbers)s::integer[]) AS d (node_identifier, version_number)
  UNION
  SELECT u.node_identifier, u.version_number
  FROM (
    SELECT v.node_identifier, v.version_number, sum(v.size) OVER (ROWS UNBOUNDED PRECEDING) AS members
    FROM unnest(%(draft_nodes)s::bigint[], %(draft_numbers)s::integer[]) AS t (node_identifier, version_number)
    CROSS JOIN LATERAL (
      SELECT v.node_identifier, v.version_number, cardinality(v.member_types) AS size
      FROM node_version v
      WHERE v.type_node_identifier = t.node_identifier AND v.type_version_number = t.version_number
        AND pg_column_size(v.member_types) < 2000
      OFFSET 0
    ) AS v
  ) AS u
  WHERE u.members <= %(most)s::bigint
)
SELECT w.node_identifier, w.version_number, m.member_type_node_identifier, m.member_type_version_number, m.position,
       left(m.value, %(longest)s::integer), m.scale, m.target_node_identifier, m.target_version_number,
       (SELECT n.node_reference FROM node n WHERE n.node_identifier = m.member_type_node_identifier)
FROM wanted w
LEFT JOIN LATERAL (
  SELECT m.member_type_node_identifier, m.member_type_version_number, m.position, m.value, m.scale,
         m.target_node_identifier, m.target_version_number
  FROM member m
  WHERE m.node_identifier = w.node_identifier AND m.version_number = w.version_number
  OFFSET 0
) AS m ON true
ORDER BY w.node_identifier, w.version_number, m.position
