-- The versions that link to any of some versions, as far as the caller may see them, in the order of their identifiers.
WITH used AS (
  SELECT * FROM unnest(CAST(:nodes AS bigint[]), CAST(:numbers AS integer[])) AS used (node_identifier, version_number)
), links AS (
  SELECT v.node_identifier, v.version_number, true AS as_type, false AS as_member_type, false AS as_target
  FROM used JOIN node_version v
    ON v.type_node_identifier = used.node_identifier AND v.type_version_number = used.version_number
  UNION ALL
  SELECT m.node_identifier, m.version_number, false, true, false
  FROM used JOIN member m
    ON m.member_type_node_identifier = used.node_identifier AND m.member_type_version_number = used.version_number
  UNION ALL
  SELECT m.node_identifier, m.version_number, false, false, true
  FROM used
  JOIN member m ON m.target_node_identifier = used.node_identifier AND m.target_version_number = used.version_number
  JOIN node mt ON mt.node_identifier = m.member_type_node_identifier
  WHERE {readable_member_type}
)
SELECT l.node_identifier, l.version_number, bool_or(l.as_type), bool_or(l.as_member_type), bool_or(l.as_target)
FROM links l JOIN node n USING (node_identifier)
WHERE (l.node_identifier, l.version_number) > (:after_node, :after_number)
  AND {readable} AND {visible_version}
GROUP BY l.node_identifier, l.version_number
ORDER BY l.node_identifier, l.version_number
LIMIT :limit
