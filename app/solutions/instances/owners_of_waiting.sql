-- The owners of instances that wait for their end users or for the system, those with the most first; with the number of
-- all owners.
SELECT u.user_identifier::text, u.name, count(*) FILTER (WHERE w.for_user),
       count(*) FILTER (WHERE w.for_system), count(*) OVER ()
FROM (
  SELECT instance_identifier, bool_or(for_user) AS for_user, bool_or(NOT for_user) AS for_system
  FROM (
    SELECT unnest(CAST(:for_users AS uuid[])) AS instance_identifier, true AS for_user
    UNION ALL SELECT unnest(CAST(:for_system AS uuid[])), false
  ) each_reason
  GROUP BY instance_identifier
) w
JOIN solution_instance i USING (instance_identifier)
JOIN external_user u ON u.user_identifier = i.owner
GROUP BY u.user_identifier, u.name ORDER BY count(*) DESC, u.name, u.user_identifier LIMIT :limit
