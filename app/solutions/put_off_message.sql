-- Sets the time of the next attempt to send a message, or gives the message up. Nothing changes if another worker has
-- claimed the message since, which the number of attempts shows.
UPDATE outbox
SET due_at = clock_timestamp() + make_interval(secs => :pause),
    given_up_at = CASE
      WHEN clock_timestamp() + make_interval(secs => :pause) > created_at + make_interval(secs => :give_up_after)
      THEN clock_timestamp() END
WHERE message_identifier = :message AND attempts = :attempts AND sent_at IS NULL AND given_up_at IS NULL
RETURNING given_up_at IS NOT NULL
