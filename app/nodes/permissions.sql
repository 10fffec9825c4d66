-- Permissions with the names of their groups and nodes. The condition is appended.
SELECT p.permission_identifier, p.permission_type, n.node_reference, v.node_name,
       g.user_group_reference, g.user_group_name
FROM permission p
JOIN user_group g USING (user_group_identifier)
LEFT JOIN node n USING (node_identifier)
LEFT JOIN node_version v
  ON v.node_identifier = n.node_identifier
  AND v.version_number = n.latest_version_number
