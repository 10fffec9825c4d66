-- `service` and `action` say what was requested. A run is recorded at `queued_at`, and its work begins at `started_at`.
-- `reason` says why a run stopped before its end, or why it was asked to.
ALTER TABLE run
  ADD COLUMN service text,
  ADD COLUMN action text NOT NULL DEFAULT 'force' CHECK (action IN ('impact', 'force')),
  ADD COLUMN queued_at timestamptz,
  ADD COLUMN reason text,
  ALTER COLUMN started_at DROP NOT NULL,
  ALTER COLUMN started_at DROP DEFAULT;
UPDATE run SET
  service = CASE WHEN solution_identifier IS NULL THEN 'UpdateNodeVersions' ELSE 'UpdateSolutionInstances' END,
  queued_at = started_at;
ALTER TABLE run
  ALTER COLUMN service SET NOT NULL,
  ALTER COLUMN queued_at SET NOT NULL,
  ALTER COLUMN queued_at SET DEFAULT now();

-- Find the runs of a user, and the contexts that runs have, for the list of the runs that a user may see.
CREATE INDEX run_user ON run (user_identifier, run_identifier);
CREATE INDEX run_context ON run (context_node_identifier, run_identifier);
