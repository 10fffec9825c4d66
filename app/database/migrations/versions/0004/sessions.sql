-- Sessions of users, by the hash of their tokens. A session ends when its user is disabled or gets a new password.
CREATE TABLE user_session (
  token_hash bytea PRIMARY KEY,
  user_identifier bigint NOT NULL REFERENCES account,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX user_session_by_user ON user_session (user_identifier);
CREATE INDEX user_session_last_used_at ON user_session (last_used_at);
