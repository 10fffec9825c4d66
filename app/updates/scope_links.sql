-- OFFSET 0 makes parallel workers return one row for each version, so that the links of a version stay together.
-- Set-returning functions in the SELECT list are faster here than unnest() in FROM, which stores the members of each version.
SELECT m.node_identifier,
       m.member_type,
       m.member_type_number::bigint,
       m.place,
       m.target,
       m.target_number::bigint
FROM (
  SELECT v.node_identifier,
         unnest(v.member_types) AS member_type,
         unnest(v.member_type_numbers) AS member_type_number,
         generate_series(1, cardinality(v.targets)::bigint) AS place,
         unnest(v.targets) AS target,
         unnest(v.target_numbers) AS target_number
  FROM (
    SELECT v.node_identifier, v.member_types, v.member_type_numbers, v.targets, v.target_numbers
    FROM node n
    JOIN node_version v
      ON v.node_identifier = n.node_identifier AND v.version_number = {examined}
    WHERE {in_scope}
    OFFSET 0
  ) AS v
) AS m
WHERE m.target IS NOT NULL
