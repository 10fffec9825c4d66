-- The versions of a range of nodes that link to a given version and that the caller may see, in the order of their
-- identifiers. All versions of the range are read, which takes less time than the long list of an index if many
-- versions link to the given one.
SELECT u.node_identifier, u.version_number, u.as_type, u.as_member_type, u.as_target
FROM (
  SELECT v.node_identifier, v.version_number,
    v.type_node_identifier = used.node_identifier AND v.type_version_number = used.version_number AS as_type,
    EXISTS (
      SELECT FROM unnest(v.member_types, v.member_type_numbers) AS m (member_type, number)
      WHERE m.member_type = used.node_identifier AND m.number = used.version_number) AS as_member_type,
    EXISTS (
      SELECT FROM unnest(v.targets, v.target_numbers, v.member_types) AS m (target, number, member_type)
      JOIN node mt ON mt.node_identifier = m.member_type
      WHERE m.target = used.node_identifier AND m.number = used.version_number AND {readable_member_type}) AS as_target
  FROM {used}, node_version v
  WHERE v.node_identifier BETWEEN :first_node AND :last_node
    AND (v.node_identifier, v.version_number) > (:after_node, :after_number)
) AS u
JOIN node n USING (node_identifier)
WHERE (u.as_type OR u.as_member_type OR u.as_target) AND {readable} AND {visible_version}
ORDER BY u.node_identifier, u.version_number
LIMIT :limit
