-- What a release holds (slots and workflows) is one document: it is written once and always read whole.
CREATE TABLE solution (
  solution_identifier uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  title text NOT NULL,
  description text,
  tags text[] NOT NULL DEFAULT '{}',
  custom_fields jsonb NOT NULL DEFAULT '[]',
  draft jsonb NOT NULL,
  latest_release_number integer NOT NULL DEFAULT 0 CHECK (latest_release_number >= 0),
  -- A hold stops lazy updates of all instances.
  held boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE solution_release (
  solution_identifier uuid NOT NULL REFERENCES solution,
  release_number integer NOT NULL CHECK (release_number >= 1),
  title text NOT NULL,
  content jsonb NOT NULL,
  notes text,
  published_by bigint REFERENCES account,
  published_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (solution_identifier, release_number)
);

CREATE FUNCTION refuse_change_of_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'release % of solution % is published', OLD.release_number, OLD.solution_identifier
    USING ERRCODE = 'RL001';
END $$;
CREATE TRIGGER published_release BEFORE UPDATE ON solution_release
  FOR EACH ROW EXECUTE FUNCTION refuse_change_of_release();

CREATE TABLE external_user (
  user_identifier uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  external_user_identifier text NOT NULL UNIQUE,
  is_test_user boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- data is encrypted with the key from the settings and never answered. owner is null for the builder's own.
CREATE TABLE authentication (
  authentication_identifier uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  owner uuid REFERENCES external_user ON DELETE CASCADE,
  name text NOT NULL,
  service text NOT NULL,
  service_version text NOT NULL,
  service_environment text NOT NULL,
  scopes text[] NOT NULL DEFAULT '{}',
  custom_fields jsonb,
  data bytea NOT NULL,
  hidden boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX authentication_owner ON authentication (owner);

CREATE TABLE solution_instance (
  instance_identifier uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  solution_identifier uuid NOT NULL,
  release_number integer NOT NULL,
  owner uuid NOT NULL REFERENCES external_user ON DELETE CASCADE,
  name text NOT NULL,
  enabled boolean NOT NULL DEFAULT false,
  held boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  moved_at timestamptz,
  FOREIGN KEY (solution_identifier, release_number) REFERENCES solution_release
);
CREATE INDEX solution_instance_release ON solution_instance (solution_identifier, release_number);
CREATE INDEX solution_instance_owner ON solution_instance (owner);

-- The value of a config slot (JSON as text) or of an auth slot (an authentication), and the release that it was given
-- for: a value is good as long as nothing breaking has happened to its slot since.
CREATE TABLE instance_value (
  instance_identifier uuid NOT NULL REFERENCES solution_instance ON DELETE CASCADE,
  slot_kind text NOT NULL CHECK (slot_kind IN ('auth', 'config')),
  external_identifier text NOT NULL,
  value text,
  authentication_identifier uuid REFERENCES authentication ON DELETE CASCADE,
  given_for_release integer NOT NULL,
  PRIMARY KEY (instance_identifier, slot_kind, external_identifier),
  CHECK ((slot_kind = 'config') = (value IS NOT NULL)),
  CHECK ((slot_kind = 'auth') = (authentication_identifier IS NOT NULL))
);
CREATE INDEX instance_value_authentication ON instance_value (authentication_identifier);

CREATE TABLE workflow_instance (
  workflow_instance_identifier uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  instance_identifier uuid NOT NULL REFERENCES solution_instance ON DELETE CASCADE,
  source_workflow_identifier text NOT NULL,
  -- The secret part of a webhook's URL.
  trigger_key text,
  UNIQUE (instance_identifier, source_workflow_identifier)
);

-- Tokens are kept as hashes. A master token has no owner; user tokens and authorization codes have.
CREATE TABLE access_token (
  token_hash bytea PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('master', 'user', 'code')),
  name text,
  owner uuid REFERENCES external_user ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  CHECK ((kind = 'master') = (owner IS NULL)),
  CHECK ((kind = 'master') = (expires_at IS NULL))
);

-- What people outside are to be told, sent by the worker until it is taken or given up.
CREATE TABLE outbox (
  message_identifier uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  event text NOT NULL,
  body jsonb NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL DEFAULT now(),
  sent_at timestamptz,
  given_up_at timestamptz
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE sent_at IS NULL AND given_up_at IS NULL;

-- A run may also be over the instances of a solution.
ALTER TABLE run ALTER COLUMN context_node_identifier DROP NOT NULL;
ALTER TABLE run ADD COLUMN solution_identifier uuid REFERENCES solution;
ALTER TABLE run ADD CHECK ((context_node_identifier IS NULL) <> (solution_identifier IS NULL));
ALTER TABLE run_outcome ALTER COLUMN node_identifier DROP NOT NULL;
ALTER TABLE run_outcome ALTER COLUMN version_number DROP NOT NULL;
ALTER TABLE run_outcome ADD COLUMN instance_identifier uuid;
