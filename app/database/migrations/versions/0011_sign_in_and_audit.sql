-- Failed sign-ins are counted for an account and a network together, and for a network (with an empty account). Both are
-- hashed: a user id may be a password typed in the wrong field.
DROP TABLE sign_in_failure;
CREATE TABLE sign_in_failure (
  network bytea NOT NULL,
  account bytea NOT NULL,
  failures integer NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (network, account)
);
CREATE INDEX sign_in_failure_account ON sign_in_failure (account);

-- The networks from which users have signed in.
CREATE TABLE sign_in_network (
  user_identifier bigint NOT NULL REFERENCES account,
  network bytea NOT NULL,
  last_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_identifier, network)
);
CREATE INDEX sign_in_network_last_at ON sign_in_network (last_at);

-- Who did what, from where and when. user_identifier has no foreign key: rows outlive what they tell of.
CREATE TABLE audit (
  audit_identifier bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  action text NOT NULL,
  actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'public', 'token', 'command', 'worker')),
  user_identifier bigint,
  actor_name text,
  address text,
  object_kind text,
  object_name text,
  details jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_at ON audit (at, audit_identifier);
CREATE INDEX audit_by_user ON audit (user_identifier, at) WHERE user_identifier IS NOT NULL;
CREATE INDEX audit_of_user ON audit (object_name, at) WHERE object_kind IN ('user', 'group');

-- A number by which administrators name a token, which itself is not known to anybody but its bearer.
ALTER TABLE access_token ADD COLUMN token_identifier bigint GENERATED ALWAYS AS IDENTITY UNIQUE;
