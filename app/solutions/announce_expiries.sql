-- Writes messages about authentications that expire soon, a batch of them. Another expiry of the same authentication is
-- announced again.
WITH told AS (
  UPDATE authentication SET announced_expires_at = expires_at
  WHERE authentication_identifier = ANY (ARRAY(
    SELECT authentication_identifier FROM authentication
    WHERE expires_at IS DISTINCT FROM announced_expires_at AND expires_at <= now() + make_interval(secs => :notice)
    ORDER BY expires_at LIMIT :batch FOR NO KEY UPDATE SKIP LOCKED))
  RETURNING authentication_identifier, owner, name, service, expires_at
)
INSERT INTO outbox (event, body)
SELECT :event, jsonb_build_object(
         'authentication_name', told.name, 'service_name', told.service, 'user_id', told.owner,
         'authId', told.authentication_identifier, 'external_user_id', u.external_user_identifier,
         'expires', to_char(told.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
FROM told LEFT JOIN external_user u ON u.user_identifier = told.owner
