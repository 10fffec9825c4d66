-- The versions that are new, and those of the packages that are made.
INSERT INTO node_version (node_identifier, version_number, type_node_identifier, type_version_number,
                          node_name, node_version_comment, created_by, amended_by)
SELECT s.node_identifier, v.version_number, t.node_identifier, t.version_number,
       v.node_name, v.node_version_comment, %(user)s, %(user)s
FROM import_version v
JOIN import_state s USING (node_position)
JOIN import_link t ON t.node_reference = v.type_reference AND t.version = v.type_version
WHERE v.version_number > s.frozen_before AND v.version_number IS DISTINCT FROM s.draft_before
UNION ALL
SELECT node_identifier, 1, %(package_listing)s, 1, substring(node_reference FROM '[^.]*$'), NULL, %(user)s, %(user)s
FROM import_state
WHERE is_new AND node_position IS NULL
