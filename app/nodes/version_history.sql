-- The versions of a node, the newest first, with their types and with who created, amended and froze them. The audit
-- has the freezes; those of an earlier node with the same reference were before the version was created.
SELECT v.version_number, v.node_name, v.node_version_comment, v.created_at, v.amended_at,
       t.node_identifier, t.node_reference, t.owner_identifier, v.type_version_number, tv.node_name,
       t.frozen_version_number,
       c.user_identifier, c.user_logon_reference, c.user_name,
       a.user_identifier, a.user_logon_reference, a.user_name,
       f.user_identifier, f.user_logon_reference, f.user_name, frozen.at
FROM node_version v
JOIN node n ON n.node_identifier = v.node_identifier
JOIN node t ON t.node_identifier = v.type_node_identifier
JOIN node_version tv
  ON tv.node_identifier = v.type_node_identifier AND tv.version_number = v.type_version_number
LEFT JOIN account c ON c.user_identifier = v.created_by
LEFT JOIN account a ON a.user_identifier = v.amended_by
LEFT JOIN LATERAL (
  SELECT event.at, event.user_identifier FROM audit event
  WHERE event.action = 'node-frozen' AND event.object_name = n.node_reference
    AND event.details ->> 'version' = v.version_number::text AND event.at >= v.created_at
  ORDER BY event.at DESC LIMIT 1
) frozen ON v.version_number <= n.frozen_version_number
LEFT JOIN account f ON f.user_identifier = frozen.user_identifier
WHERE v.node_identifier = :node AND v.version_number < :before
ORDER BY v.version_number DESC LIMIT :limit
