-- Records the end of a run that has not ended, and removes its request. A run that was asked to end keeps the reason.
WITH closed AS (
  UPDATE run SET state = :state, error_number = :number, finished_at = now(), reason = CASE
    WHEN :state = 'done' THEN NULL
    WHEN cancel_requested AND :state = 'cancelled' THEN coalesce(reason, :reason)
    ELSE coalesce(:reason, reason) END
  WHERE run_identifier = :run AND state IN ('queued', 'running') RETURNING run_identifier
)
DELETE FROM run_request q USING closed WHERE q.run_identifier = closed.run_identifier
