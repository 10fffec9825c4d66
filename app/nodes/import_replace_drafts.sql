-- Drafts that are replaced stay in their place, since others may refer to them.
UPDATE node_version draft
SET type_node_identifier = t.node_identifier, type_version_number = t.version_number,
    node_name = v.node_name, node_version_comment = v.node_version_comment,
    amended_at = now(), amended_by = %(user)s
FROM import_version v
JOIN import_state s USING (node_position)
JOIN import_link t ON t.node_reference = v.type_reference AND t.version = v.type_version
WHERE v.version_number = s.draft_before
  AND draft.node_identifier = s.node_identifier AND draft.version_number = s.draft_before
