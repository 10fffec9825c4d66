-- The versions that link to any of the given versions and that the caller may see, in the order of their identifiers.
-- `used` is a row source of the given versions.
WITH links AS (
  SELECT v.node_identifier, v.version_number, true AS as_type, false AS as_member_type, false AS as_target
  FROM {used} JOIN node_version v
    ON v.type_node_identifier = used.node_identifier AND v.type_version_number = used.version_number
  UNION ALL
  SELECT v.node_identifier, v.version_number, false, true, false
  FROM {used}
  JOIN node_version i ON i.indexed_as IS NULL AND i.member_types @> ARRAY[used.node_identifier]
  JOIN node_version v ON v.node_identifier = i.node_identifier
    AND coalesce(v.indexed_as, v.version_number) = i.version_number
  WHERE EXISTS (
    SELECT FROM unnest(v.member_types, v.member_type_numbers) AS m (member_type, number)
    WHERE m.member_type = used.node_identifier AND m.number = used.version_number)
  UNION ALL
  SELECT v.node_identifier, v.version_number, false, false, true
  FROM {used}
  JOIN node_version i ON i.indexed_as IS NULL AND i.targets @> ARRAY[used.node_identifier]
  JOIN node_version v ON v.node_identifier = i.node_identifier
    AND coalesce(v.indexed_as, v.version_number) = i.version_number
  WHERE EXISTS (
    SELECT FROM unnest(v.targets, v.target_numbers, v.member_types) AS m (target, number, member_type)
    JOIN node mt ON mt.node_identifier = m.member_type
    WHERE m.target = used.node_identifier AND m.number = used.version_number AND {readable_member_type})
)
SELECT u.node_identifier, u.version_number, bool_or(u.as_type), bool_or(u.as_member_type), bool_or(u.as_target)
FROM links u JOIN node n USING (node_identifier)
WHERE (u.node_identifier, u.version_number) > (:after_node, :after_number)
  AND {readable} AND {visible_version}
GROUP BY u.node_identifier, u.version_number
ORDER BY u.node_identifier, u.version_number
LIMIT :limit
