-- Records the use of a token. The audit has one sign-in for many uses of a token. Requests with the same token do not
-- wait for each other.
WITH before AS (
  SELECT token_identifier, last_used_at FROM access_token WHERE token_identifier = :token
  FOR NO KEY UPDATE SKIP LOCKED
), noted AS (
  UPDATE access_token t SET last_used_at = now() FROM before b WHERE t.token_identifier = b.token_identifier
  RETURNING coalesce(b.last_used_at < now() - make_interval(secs => :sign_in_every), true) AS is_sign_in
)
INSERT INTO audit ({columns}) SELECT {values} FROM noted WHERE is_sign_in
