-- A run is one force of UpdateNodeVersions, or one update of many instances of a solution. A run whose process holds its
-- advisory lock is alive: one in state 'running' whose lock nobody holds has been interrupted. A run beyond the number
-- that a process works on at once waits in state 'queued'.
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
-- Which runs are over, in the order of their ends: the old ones are deleted.
CREATE INDEX run_finished ON run (finished_at) WHERE finished_at IS NOT NULL;

-- What was done to which node or instance, written in the commit that did it.
CREATE TABLE run_outcome (
  run_identifier bigint NOT NULL REFERENCES run,
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

-- The plan on its way to being done. Unlogged: after a crash the run is planned again.
CREATE UNLOGGED TABLE run_step (
  run_identifier bigint NOT NULL,
  ordinal integer NOT NULL,
  node_identifier bigint NOT NULL,
  edition bigint NOT NULL,
  kind text NOT NULL,                -- 'version' or 'change'
  version_number integer NOT NULL,   -- the version that is read; 'version' writes the next one
  type_node_identifier bigint,       -- the new type, null where the type stays
  type_version_number integer,
  removed integer NOT NULL,          -- members that the new type has no place for
  user_nodes bigint[],               -- the other drafts of this draft type, where its list moves, and
                                     -- their editions
  user_editions bigint[],
  PRIMARY KEY (run_identifier, ordinal)
);

-- To which version links move, from the step on in which that version exists.
CREATE UNLOGGED TABLE run_source (
  run_identifier bigint NOT NULL,
  node_identifier bigint NOT NULL,
  version_number integer NOT NULL,
  ordinal integer NOT NULL,
  PRIMARY KEY (run_identifier, node_identifier)
);
