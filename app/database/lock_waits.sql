-- The transactions of the database: the process of each, when it began, the kind of lock that it waits for, and the
-- processes that are in its way. The last two are null if it does not wait for a lock. A process of 0 is a prepared
-- transaction. The time is returned as a number, because the text of a timestamp depends on DateStyle.
SELECT pid, extract(epoch FROM xact_start),
       CASE WHEN wait_event_type = 'Lock' THEN wait_event END,
       CASE WHEN wait_event_type = 'Lock' THEN pg_blocking_pids(pid) END
FROM pg_stat_activity
WHERE xact_start IS NOT NULL AND datname = current_database()
