-- The versions of a node, the newest first, with their types and with who created and amended them.
SELECT v.version_number, v.node_name, v.node_version_comment, v.created_at, v.amended_at,
       t.node_identifier, t.node_reference, t.owner_identifier, v.type_version_number, tv.node_name,
       t.frozen_version_number,
       c.user_identifier, c.user_logon_reference, c.user_name,
       a.user_identifier, a.user_logon_reference, a.user_name
FROM node_version v
JOIN node t ON t.node_identifier = v.type_node_identifier
JOIN node_version tv
  ON tv.node_identifier = v.type_node_identifier AND tv.version_number = v.type_version_number
LEFT JOIN account c ON c.user_identifier = v.created_by
LEFT JOIN account a ON a.user_identifier = v.amended_by
WHERE v.node_identifier = :node AND v.version_number < :before
ORDER BY v.version_number DESC LIMIT :limit
