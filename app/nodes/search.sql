-- The readable nodes whose shown version has each of the words in its name or, for a search in everything, in its
-- reference or in a value of a member whose type may be read. A version is shown if it is the latest that the caller may
-- use. `words` are queries for one word each.
WITH matching AS (
  SELECT word.ordinal, n.node_identifier
  FROM unnest(CAST(:words AS text[])) WITH ORDINALITY AS word (query, ordinal)
  JOIN node_version i ON i.indexed_as IS NULL AND {words_of_name} @@ CAST(word.query AS tsquery)
  JOIN node n ON n.node_identifier = i.node_identifier
  JOIN node_version v ON v.node_identifier = n.node_identifier AND v.version_number = {shown}
    AND coalesce(v.indexed_as, v.version_number) = i.version_number
  WHERE {readable}
  UNION
  SELECT word.ordinal, n.node_identifier
  FROM unnest(CAST(:words AS text[])) WITH ORDINALITY AS word (query, ordinal)
  JOIN node n ON {words_of_reference} @@ CAST(word.query AS tsquery)
  WHERE :everywhere AND {readable}
  UNION
  SELECT word.ordinal, n.node_identifier
  FROM unnest(CAST(:words AS text[])) WITH ORDINALITY AS word (query, ordinal)
  JOIN node_version i
    ON i.indexed_as IS NULL AND words_of_values(i.values) @@ (CAST(word.query AS tsquery) || CAST('''.long''' AS tsquery))
  JOIN node n ON n.node_identifier = i.node_identifier
  JOIN node_version v ON v.node_identifier = n.node_identifier AND v.version_number = {shown}
    AND coalesce(v.indexed_as, v.version_number) = i.version_number
  JOIN member m ON m.node_identifier = v.node_identifier AND m.version_number = v.version_number
    AND m.value IS NOT NULL AND {words_of_value} @@ CAST(word.query AS tsquery)
  JOIN node mt ON mt.node_identifier = m.member_type_node_identifier
  WHERE :everywhere AND {readable} AND {readable_member_type}
), found AS (
  SELECT node_identifier FROM matching GROUP BY node_identifier HAVING count(*) = cardinality(CAST(:words AS text[]))
)
SELECT n.node_identifier, n.node_reference, {shown} AS version_number, count(*) OVER () AS results
FROM found JOIN node n USING (node_identifier)
WHERE n.node_reference = :package OR (n.node_reference >= :package_start AND n.node_reference < :package_end)
ORDER BY n.node_reference
LIMIT :limit OFFSET :offset
