-- Claims the message that is due first, for a limited time. Returns no row if none is due.
UPDATE outbox SET attempts = attempts + 1, due_at = clock_timestamp() + make_interval(secs => :lease)
WHERE message_identifier = (
  SELECT message_identifier FROM outbox
  WHERE sent_at IS NULL AND given_up_at IS NULL AND due_at <= now()
    AND created_at > now() - make_interval(secs => :give_up_after)
  ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING message_identifier::text, event, body, created_at, attempts
