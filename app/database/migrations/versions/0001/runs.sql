-- A run is one force of UpdateNodeVersions, or one update of many instances of a solution. A run whose process holds
-- its advisory lock is alive. A run in state 'running' whose lock is not held has been interrupted. Runs beyond the
-- number that a process works on at once wait in state 'queued'.
CREATE TABLE run (
  run_identifier bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_identifier bigint REFERENCES account,
  context_node_identifier bigint,
  solution_identifier uuid REFERENCES solution,
  context_reference text COLLATE "C" NOT NULL,
  include_content boolean NOT NULL,
  options jsonb NOT NULL,
  state text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'cancelled', 'interrupted')),
  cancel_requested boolean NOT NULL DEFAULT false,
  steps integer NOT NULL DEFAULT 0,
  error_number integer,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  CHECK ((context_node_identifier IS NULL) <> (solution_identifier IS NULL))
);
CREATE INDEX run_alive ON run (run_identifier) WHERE state IN ('queued', 'running');
-- Finds the runs that ended first, which are deleted when they are old.
CREATE INDEX run_finished ON run (finished_at) WHERE finished_at IS NOT NULL;

-- The outcome for each node or instance, written in the commit that changed it.
CREATE TABLE run_outcome (
  run_identifier bigint NOT NULL,  -- no foreign key: it would lock the row of the run in each commit
  ordinal integer NOT NULL,
  node_identifier bigint,
  version_number integer,
  instance_identifier uuid,
  outcome text NOT NULL,
  PRIMARY KEY (run_identifier, ordinal)
);

CREATE TABLE run_answer (
  run_identifier bigint NOT NULL REFERENCES run,
  part integer NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (run_identifier, part)
);

-- The steps of a plan that are not done yet, a row for each commit. Unlogged: after a crash the run is planned again.
CREATE UNLOGGED TABLE run_step (
  run_identifier bigint NOT NULL,
  ordinal integer NOT NULL,
  node_identifier bigint NOT NULL,
  edition bigint NOT NULL,           -- the node's when the step begins
  kind text NOT NULL,                -- 'version' or 'change'
  version_number integer NOT NULL,   -- the version that is read; a step of kind 'version' writes the next one
  type_version_number integer NOT NULL,
  member_type_numbers integer[],     -- of all members of the version that is read; null: unchanged
  target_numbers integer[],          -- the same
  kept integer[],                    -- the positions of the members that stay; null: all stay
  others integer,                    -- the number of rows of run_step_other for this step; null: none
  list_moves boolean NOT NULL,       -- the member type list of a draft moves, together with the drafts of this type
  PRIMARY KEY (run_identifier, ordinal)
);

-- Other nodes that a step depends on. A row with `member_type_numbers` is a draft whose type is the draft that the step
-- changes, and its members move in the same commit. A row without is the draft type that the node moves to.
CREATE UNLOGGED TABLE run_step_other (
  run_identifier bigint NOT NULL,
  ordinal integer NOT NULL,
  node_identifier bigint NOT NULL,
  edition bigint NOT NULL,
  version_number integer NOT NULL,
  member_type_numbers integer[],
  PRIMARY KEY (run_identifier, ordinal, node_identifier)
);
