-- The open session with a token: its user, unless disabled, with the groups and the global permissions of the user.
SELECT a.user_identifier, a.user_logon_reference, a.user_name, held.group_identifiers,
       ARRAY(
         SELECT DISTINCT p.permission_type FROM permission p
         WHERE p.user_group_identifier = ANY (held.group_identifiers)
           AND p.permission_type = ANY (:global_permissions) AND p.node_identifier IS NULL
       ) AS global_permissions,
       s.last_used_at < now() - CAST(:noted_every AS interval) AS is_to_note
FROM user_session s
JOIN account a USING (user_identifier)
CROSS JOIN LATERAL (
  SELECT ARRAY[:public, a.own_group_identifier] || ARRAY(
    SELECT m.user_group_identifier FROM user_group_member m WHERE m.user_identifier = a.user_identifier
  )
) AS held (group_identifiers)
WHERE s.token_hash = :hash AND a.enabled AND s.last_used_at > now() - CAST(:idle AS interval)
  AND s.created_at > now() - CAST(:longest AS interval)
