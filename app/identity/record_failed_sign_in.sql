-- Counts a failed sign-in for an account and for a network, and writes the row of the audit. Rows are locked in one
-- order, account before network, and old rows last and without waiting (`old` needs all of `recorded`), so that these
-- statements cannot deadlock.
WITH recorded AS (
  INSERT INTO sign_in_failure AS f (network, account, failures, since)
  VALUES (:network, :account, 1, now()), (:network, :whole_network, 1, now())
  ON CONFLICT (network, account) DO UPDATE
  SET failures = CASE WHEN f.since > now() - make_interval(secs => :period) THEN f.failures + 1 ELSE 1 END,
      since = CASE WHEN f.since > now() - make_interval(secs => :period) THEN f.since ELSE now() END
  RETURNING f.network, f.account, f.failures
), old AS (
  SELECT s.network, s.account FROM sign_in_failure s
  WHERE :forget_old AND s.since <= now() - make_interval(secs => :period)
    AND NOT EXISTS (SELECT FROM recorded r WHERE r.network = s.network AND r.account = s.account)
  LIMIT :at_once FOR UPDATE SKIP LOCKED
), forgotten AS (
  DELETE FROM sign_in_failure s USING old WHERE s.network = old.network AND s.account = old.account
), locked AS (
  SELECT coalesce(bool_or(account = :account AND failures = :account_limit), false) AS account,
         coalesce(bool_or(account = :whole_network AND failures = :network_limit), false) AS network
  FROM recorded
)
INSERT INTO audit ({columns})
SELECT event.action, event.actor_kind, event.user_identifier, event.actor_name, event.address, event.object_kind,
       -- Only the name of a user: any other text may be a password typed into the wrong field.
       (SELECT user_logon_reference FROM account WHERE user_logon_reference = :logon),
       jsonb_strip_nulls(jsonb_build_object(
         'locked', CASE WHEN locked.network THEN 'network' WHEN locked.account THEN 'account' END))
FROM locked, (SELECT {values}) AS event ({columns})
RETURNING object_name, details ->> 'locked' AS locked
