-- The groups of a user who is not disabled, and the global permissions of these groups.
SELECT held.group_identifiers,
       ARRAY(
         SELECT DISTINCT p.permission_type FROM permission p
         WHERE p.user_group_identifier = ANY (held.group_identifiers)
           AND p.permission_type = ANY (:global_permissions) AND p.node_identifier IS NULL
       ) AS global_permissions
FROM account a
CROSS JOIN LATERAL (
  SELECT ARRAY[:public, a.own_group_identifier] || ARRAY(
    SELECT m.user_group_identifier FROM user_group_member m WHERE m.user_identifier = a.user_identifier
  )
) AS held (group_identifiers)
WHERE a.user_identifier = :user AND a.enabled
