-- Counts a failed sign-in for an account and for a network, and writes the row of the audit if there is room. Rows are locked in one
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
), refused AS (
  SELECT event.*,
         -- Only the name of a user: any other text may be a password typed into the wrong field.
         (SELECT user_logon_reference FROM account WHERE user_logon_reference = :logon) AS logon,
         CASE WHEN locked.network THEN 'network' WHEN locked.account THEN 'account' END AS locked
  FROM locked, (SELECT {values}) AS event ({columns})
), written AS (
  INSERT INTO audit ({columns})
  SELECT action, actor_kind, user_identifier, actor_name, address, object_kind, logon,
         jsonb_strip_nulls(jsonb_build_object('locked', locked))
  FROM refused WHERE :has_room
)
SELECT logon AS object_name, locked FROM refused
