-- The permissions of groups that give rights on a node: on itself, on a package above it, or on everything.
SELECT p.permission_identifier, p.permission_type, g.user_group_reference, n.node_reference
FROM permission p JOIN user_group g USING (user_group_identifier) LEFT JOIN node n USING (node_identifier)
WHERE p.user_group_identifier = ANY (:groups)
  AND (n.node_reference = :reference
       OR n.node_reference = ANY (:packages) AND p.permission_type = ANY (:package_permissions)
       OR p.node_identifier IS NULL AND p.permission_type = :administer_all)
ORDER BY n.node_reference NULLS FIRST, p.permission_type, g.user_group_reference
