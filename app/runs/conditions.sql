-- Conditions about runs that several statements share. Except for the last, PostgreSQL puts the expression in the place of
-- the call, so that the statement can use the indexes of the table.

-- Whether a session has to hold the lock of a run in this state. If none does, the run is dead.
CREATE FUNCTION run_needs_lock(r run) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT r.state = 'running' OR r.state = 'queued' AND NOT r.asynchronous
$$;

-- Whether a force may write the same nodes or instances as a run with these values.
CREATE FUNCTION run_overlaps(r run, node bigint, solution uuid, reference text, content boolean)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT r.action = 'force' AND (
    r.solution_identifier = solution
    OR node IS NOT NULL AND r.context_node_identifier IS NOT NULL AND (
      r.context_reference = reference
      OR r.include_content AND starts_with(reference, r.context_reference || '.')
      OR content AND starts_with(r.context_reference, reference || '.')))
$$;

-- Whether a run has to end before another one, which waits for a worker, may begin. Forces of the same package begin one
-- after the other, in the order in which they were requested. An impact need not wait.
CREATE FUNCTION run_goes_before(r run, waiting run) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT waiting.action = 'force' AND r.run_identifier <> waiting.run_identifier AND r.state IN ('queued', 'running')
    AND (r.state = 'running' OR NOT r.asynchronous OR r.run_identifier < waiting.run_identifier)
    AND run_overlaps(r, waiting.context_node_identifier, waiting.solution_identifier, waiting.context_reference,
                     waiting.include_content)
$$;

-- Whether a worker may repeat a run that has ended early. With If-Match, a run does its plan as a whole or not at all, and
-- a new plan would be another one.
CREATE FUNCTION run_can_be_done_again(r run) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT r.asynchronous AND (r.if_match IS NULL OR NOT EXISTS (
    SELECT FROM run_outcome o WHERE o.run_identifier = r.run_identifier))
$$;
