-- An asynchronous run waits in state 'queued', held by nobody, until a worker does it. `attempts` counts how often its
-- work has begun. A run with `if_match` does exactly the plan with this fingerprint; `plan` is the fingerprint of the
-- plan of an impact. A request of the same user with the same key and digest belongs to the same run.
ALTER TABLE run
  ADD COLUMN asynchronous boolean NOT NULL DEFAULT false,
  ADD COLUMN attempts integer NOT NULL DEFAULT 1,
  ADD COLUMN if_match text,
  ADD COLUMN plan text,
  ADD COLUMN idempotency_key text,
  ADD COLUMN request_digest bytea,
  DROP CONSTRAINT run_check,
  ADD CONSTRAINT run_context_check
    CHECK (num_nonnulls(context_node_identifier, solution_identifier) = (service <> 'NodeImport')::integer);
CREATE INDEX run_waiting ON run (run_identifier) WHERE asynchronous AND state = 'queued';
CREATE UNIQUE INDEX run_key ON run (user_identifier, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- The request of an asynchronous run that has not ended, compressed in parts. It holds no credentials.
CREATE TABLE run_request (
  run_identifier bigint NOT NULL REFERENCES run,
  part integer NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (run_identifier, part)
);
