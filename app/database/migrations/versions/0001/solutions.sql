-- The content of a release (slots and workflows) is one document: it is written once and always read whole.
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

CREATE TABLE external_user (
  user_identifier uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  external_user_identifier text NOT NULL UNIQUE,
  is_test_user boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- data is encrypted with the key from the settings and never returned. owner is null for authentications of the
-- builder.
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
  -- Lazy updates skip an instance up to a release of its solution: the latest release at the time when the instance was
  -- found to need input, and the latest release at the time when it was moved to an older one on purpose.
  needs_input_for_release integer NOT NULL DEFAULT 0,
  pinned_at_release integer NOT NULL DEFAULT 0,
  passed_over_release integer NOT NULL
    GENERATED ALWAYS AS (greatest(needs_input_for_release, pinned_at_release)) STORED,
  -- A failed move to failed_release is not retried before try_again_at. A move to a later release is tried at once.
  failed_release integer NOT NULL DEFAULT 0,
  failed_times integer NOT NULL DEFAULT 0,
  try_again_at timestamptz NOT NULL DEFAULT 'epoch',
  FOREIGN KEY (solution_identifier, release_number) REFERENCES solution_release
);
CREATE INDEX solution_instance_release ON solution_instance (solution_identifier, release_number);
-- Lazy updates read the instances of a release in this order.
CREATE INDEX solution_instance_lazy
  ON solution_instance (solution_identifier, release_number, passed_over_release, instance_identifier) WHERE NOT held;

-- The value of a config slot (JSON as text) or of an auth slot (an authentication). given_for lists the releases
-- against whose slot the value was checked when it was given. The value is valid for a release if there is no breaking
-- change between one of these releases and that release.
CREATE TABLE instance_value (
  instance_identifier uuid NOT NULL REFERENCES solution_instance ON DELETE CASCADE,
  slot_kind text NOT NULL CHECK (slot_kind IN ('auth', 'config')),
  external_identifier text NOT NULL,
  value text,
  authentication_identifier uuid REFERENCES authentication ON DELETE CASCADE,
  given_for integer[] NOT NULL,
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

-- Tokens are kept as hashes. A master token has no owner; user tokens and authorization codes have one. Administrators
-- name a token by its number, since only its bearer knows the token itself.
CREATE TABLE access_token (
  token_hash bytea PRIMARY KEY,
  token_identifier bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  kind text NOT NULL CHECK (kind IN ('master', 'user', 'code')),
  name text,
  owner uuid REFERENCES external_user ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  CHECK ((kind = 'master') = (owner IS NULL)),
  CHECK ((kind = 'master') = (expires_at IS NULL))
);

-- Messages to the receiver of the webhook. The worker retries until a message is accepted, or gives it up at a certain
-- age. A message is deleted some time after it was sent or given up.
CREATE TABLE outbox (
  message_identifier uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  event text NOT NULL,
  body jsonb NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  due_at timestamptz NOT NULL DEFAULT now(),
  sent_at timestamptz,
  given_up_at timestamptz
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE sent_at IS NULL AND given_up_at IS NULL;
CREATE INDEX outbox_done ON outbox (coalesce(sent_at, given_up_at)) WHERE sent_at IS NOT NULL OR given_up_at IS NOT NULL;

-- Lists are ordered by age, and by id among rows of the same age. A page begins at a position in that order.
CREATE INDEX solution_instance_by_age ON solution_instance (created_at, instance_identifier);
CREATE INDEX solution_instance_of_solution
  ON solution_instance (solution_identifier, created_at, instance_identifier);
CREATE INDEX solution_instance_of_owner ON solution_instance (owner, created_at, instance_identifier);
CREATE INDEX external_user_by_age ON external_user (created_at, user_identifier);
CREATE INDEX solution_by_age ON solution (created_at, solution_identifier);
CREATE INDEX authentication_of_owner ON authentication (owner, created_at, authentication_identifier);
-- For authentications of the builder: the index above returns rows in order only for an owner that is not null.
CREATE INDEX authentication_of_builder ON authentication (created_at, authentication_identifier) WHERE owner IS NULL;
