-- Writes the new versions, those of the packages that are created, and the replaced drafts. Rows of drafts are updated,
-- not deleted and inserted, since other versions may refer to them.
WITH content AS (
  SELECT m.node_position, m.version_position,
         array_agg(mt.node_identifier ORDER BY mt.node_identifier, m.sequence) AS member_types,
         array_agg(mt.version_number ORDER BY mt.node_identifier, m.sequence) AS member_type_numbers,
         array_agg(m.sequence ORDER BY mt.node_identifier, m.sequence) AS sequences,
         array_agg(t.node_identifier ORDER BY mt.node_identifier, m.sequence) AS targets,
         array_agg(t.version_number ORDER BY mt.node_identifier, m.sequence) AS target_numbers,
         array_agg(m.value ORDER BY mt.node_identifier, m.sequence) AS values,
         array_agg(m.scale ORDER BY mt.node_identifier, m.sequence) AS scales,
         array_agg(m.comment ORDER BY mt.node_identifier, m.sequence) AS comments,
         count(m.value) AS with_value, count(m.scale) AS with_scale, count(m.comment) AS with_comment
  FROM import_member m
  JOIN import_version v USING (node_position, version_position)
  JOIN import_state s USING (node_position)
  JOIN import_link mt ON mt.node_reference = m.member_type_reference AND mt.version = m.member_type_version
  LEFT JOIN import_link t ON t.node_reference = m.target_reference AND t.version = m.target_version
  WHERE v.version_number > s.frozen_before
  GROUP BY m.node_position, m.version_position
), written AS (
  INSERT INTO node_version (node_identifier, version_number, type_node_identifier, type_version_number,
                            node_name, node_version_comment, created_by, amended_by, member_types,
                            member_type_numbers, sequences, targets, target_numbers, values, scales, comments)
  SELECT s.node_identifier, v.version_number, t.node_identifier, t.version_number, v.node_name,
         v.node_version_comment, %(user)s, %(user)s,
         coalesce(c.member_types, '{}'), coalesce(c.member_type_numbers, '{}'), coalesce(c.sequences, '{}'),
         coalesce(c.targets, '{}'), coalesce(c.target_numbers, '{}'),
         CASE WHEN c.with_value > 0 THEN c.values END, CASE WHEN c.with_scale > 0 THEN c.scales END,
         CASE WHEN c.with_comment > 0 THEN c.comments END
  FROM import_version v
  JOIN import_state s USING (node_position)
  JOIN import_link t ON t.node_reference = v.type_reference AND t.version = v.type_version
  LEFT JOIN content c USING (node_position, version_position)
  WHERE v.version_number > s.frozen_before
  UNION ALL
  SELECT node_identifier, 1, %(package_listing)s, 1, substring(node_reference FROM '[^.]*$'), NULL, %(user)s, %(user)s,
         '{}', '{}', '{}', '{}', '{}', NULL, NULL, NULL
  FROM import_state
  WHERE is_new AND node_position IS NULL
  ON CONFLICT (node_identifier, version_number) DO UPDATE
  SET type_node_identifier = excluded.type_node_identifier, type_version_number = excluded.type_version_number,
      node_name = excluded.node_name, node_version_comment = excluded.node_version_comment,
      amended_at = now(), amended_by = excluded.amended_by,
      member_types = excluded.member_types, member_type_numbers = excluded.member_type_numbers,
      sequences = excluded.sequences, targets = excluded.targets, target_numbers = excluded.target_numbers,
      values = excluded.values, scales = excluded.scales, comments = excluded.comments, indexed_as = NULL
  RETURNING cardinality(targets) AS members
)
SELECT count(*), coalesce(sum(members), 0)::bigint,
       (SELECT count(*) FROM import_version v JOIN import_state s USING (node_position)
        WHERE v.version_number = s.draft_before)
FROM written
