-- Writes messages about a batch of authentications that expire soon. A new expiry of the same authentication gets a
-- message of its own.
WITH announced AS (
  UPDATE authentication SET announced_expires_at = expires_at
  WHERE authentication_identifier = ANY (ARRAY(
    SELECT authentication_identifier FROM authentication
    WHERE expires_at IS DISTINCT FROM announced_expires_at AND expires_at <= now() + make_interval(secs => :notice)
    ORDER BY expires_at LIMIT :batch FOR NO KEY UPDATE SKIP LOCKED))
  RETURNING authentication_identifier, owner, name, service, expires_at
)
INSERT INTO outbox (event, body)
SELECT :event, jsonb_build_object(
         'authentication_name', announced.name, 'service_name', announced.service, 'user_id', announced.owner,
         'authId', announced.authentication_identifier, 'external_user_id', u.external_user_identifier,
         'expires', to_char(announced.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
FROM announced LEFT JOIN external_user u ON u.user_identifier = announced.owner
