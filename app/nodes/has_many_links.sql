-- Whether many versions link to a version. The index of contents finds those that link to any version of its node.
SELECT (
  SELECT count(*) FROM (
    SELECT FROM node_version WHERE type_node_identifier = :node AND type_version_number = :number LIMIT :many) AS t
) + (
  SELECT count(*) FROM (
    SELECT FROM node_version WHERE indexed_as IS NULL AND member_types @> ARRAY[CAST(:node AS bigint)] LIMIT :many
  ) AS m
) + (
  SELECT count(*) FROM (
    SELECT FROM node_version WHERE indexed_as IS NULL AND targets @> ARRAY[CAST(:node AS bigint)] LIMIT :many) AS l
) >= :many
