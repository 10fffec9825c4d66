-- The enabled account with a logon reference, with its groups, its global permissions and its failures from a network.
-- Always returns one row. A disabled account counts as no account.
SELECT a.user_identifier, a.password_hash, held.group_identifiers,
       ARRAY(
         SELECT DISTINCT p.permission_type FROM permission p
         WHERE p.user_group_identifier = ANY (held.group_identifiers)
           AND p.permission_type = ANY (%(global_permissions)s::text[]) AND p.node_identifier IS NULL
       ) AS global_permissions,
       EXISTS (SELECT FROM sign_in_failure WHERE network = %(network)s::bytea AND account = %(account)s::bytea) AS has_failures,
       coalesce(known.last_at > now() - make_interval(secs => %(noted_every)s::double precision), false) AS is_noted,
       (
         SELECT max(ceil(extract(epoch FROM f.since - now()) + %(period)s::double precision))::integer
         FROM sign_in_failure f
         WHERE f.network = %(network)s::bytea AND f.since > now() - make_interval(secs => %(period)s::double precision)
           AND (f.account = %(account)s::bytea AND f.failures >= %(account_limit)s::integer
             OR f.account = %(whole_network)s::bytea AND f.failures >= %(network_limit)s::integer AND known.user_identifier IS NULL)
       ) AS retry_after
FROM (VALUES (1)) AS one
LEFT JOIN account a ON a.user_logon_reference = %(logon)s::text AND a.enabled
LEFT JOIN sign_in_network known
  ON known.user_identifier = a.user_identifier AND known.network = %(network)s::bytea
  AND known.last_at > now() - make_interval(days => %(known_days)s::integer)
LEFT JOIN LATERAL (
  SELECT ARRAY[%(public)s::bigint, a.own_group_identifier] || ARRAY(
    SELECT m.user_group_identifier FROM user_group_member m WHERE m.user_identifier = a.user_identifier
  )
) AS held (group_identifiers) ON true
