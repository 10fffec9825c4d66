-- An authentication without expires_at never expires. announced_expires_at is the expiry that the last message announced.
ALTER TABLE authentication
  ADD COLUMN expires_at timestamptz,
  ADD COLUMN announced_expires_at timestamptz;
CREATE INDEX authentication_to_announce
  ON authentication (expires_at) WHERE expires_at IS DISTINCT FROM announced_expires_at;
