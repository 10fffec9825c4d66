-- Finds the run that a worker does next: of the users with the fewest running runs, the user whose last run began first,
-- and of this user the oldest run that may begin. The waiting runs are sorted first, which is cheap. Then they are
-- checked in this order until one may begin.
WITH at_work AS MATERIALIZED (
  SELECT user_identifier, count(*) AS running FROM run WHERE state = 'running' GROUP BY user_identifier
), waiting_user AS MATERIALIZED (
  SELECT u.user_identifier, coalesce(a.running, 0) AS running,
    (SELECT o.started_at FROM run o WHERE o.user_identifier = u.user_identifier AND o.started_at IS NOT NULL
     ORDER BY o.run_identifier DESC LIMIT 1) AS last_begun
  FROM (SELECT DISTINCT user_identifier FROM run WHERE asynchronous AND state = 'queued') u
  LEFT JOIN at_work a USING (user_identifier)
), in_order AS (
  SELECT q AS run, q.run_identifier, u.running, u.last_begun
  FROM run q LEFT JOIN waiting_user u USING (user_identifier)
  WHERE q.asynchronous AND q.state = 'queued' AND NOT q.cancel_requested AND NOT q.run_identifier = ANY (:skipped)
  ORDER BY u.running, u.last_begun NULLS FIRST, q.run_identifier OFFSET 0
)
SELECT w.run_identifier FROM in_order w WHERE NOT EXISTS (SELECT FROM run o WHERE run_goes_before(o, w.run))
ORDER BY w.running, w.last_begun NULLS FIRST, w.run_identifier LIMIT 1
