-- The records of runs. The condition is appended. Outcomes are numbered from 1 without gaps, and the highest number is
-- found faster than their count.
SELECT r.run_identifier AS identifier, r.service, r.action, r.user_identifier,
       a.user_logon_reference AS user_logon, r.context_node_identifier, r.context_reference,
       r.solution_identifier::text AS solution_identifier, r.options, r.state, r.steps,
       (SELECT coalesce(max(o.ordinal), 0) FROM run_outcome o WHERE o.run_identifier = r.run_identifier) AS done,
       r.error_number, r.reason, r.cancel_requested, r.attempts, coalesce(r.plan, r.if_match) AS plan,
       r.queued_at, r.started_at, r.finished_at,
       extract(epoch FROM coalesce(r.finished_at, now()) - r.started_at)::float8 AS seconds
FROM run r LEFT JOIN account a ON a.user_identifier = r.user_identifier
