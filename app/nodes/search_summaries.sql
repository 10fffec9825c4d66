-- The names of versions, and of each the first value that contains one of the words.
SELECT wanted.node_identifier, v.node_name, found.value
FROM unnest(CAST(:nodes AS bigint[]), CAST(:numbers AS integer[])) AS wanted (node_identifier, version_number)
LEFT JOIN node_version v USING (node_identifier, version_number)
LEFT JOIN LATERAL (
  SELECT left(m.value, {longest}) AS value
  FROM member m JOIN node mt ON mt.node_identifier = m.member_type_node_identifier
  WHERE m.node_identifier = wanted.node_identifier AND m.version_number = wanted.version_number
    AND m.value IS NOT NULL AND {readable_member_type}
    AND {words_of_value} @@ ANY (CAST(CAST(:words AS text[]) AS tsquery[]))
  ORDER BY m.member_type_node_identifier, m.sequence LIMIT 1
) AS found ON true
