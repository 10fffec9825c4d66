-- What an end user has filled in so far in the configuration wizard, encrypted. A session has no instance if it only
-- creates or changes an authentication.
CREATE TABLE wizard_session (
  token_hash bytea PRIMARY KEY,
  owner uuid NOT NULL REFERENCES external_user ON DELETE CASCADE,
  instance_identifier uuid REFERENCES solution_instance ON DELETE CASCADE,
  filled_in bytea NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX wizard_session_owner ON wizard_session (owner);
CREATE INDEX wizard_session_instance ON wizard_session (instance_identifier);
CREATE INDEX wizard_session_expires_at ON wizard_session (expires_at);
