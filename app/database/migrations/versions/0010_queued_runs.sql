-- A run beyond the number that a process works on at once waits in state 'queued'.
ALTER TABLE run DROP CONSTRAINT run_state_check;
ALTER TABLE run ADD CONSTRAINT run_state_check
  CHECK (state IN ('queued', 'running', 'done', 'cancelled', 'interrupted'));
DROP INDEX run_running;
CREATE INDEX run_alive ON run (run_identifier) WHERE state IN ('queued', 'running');
