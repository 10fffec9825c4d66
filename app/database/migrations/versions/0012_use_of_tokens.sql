-- When a token was last used, to the minute.
ALTER TABLE access_token ADD COLUMN last_used_at timestamptz;

-- Moves of instances are the most rows of the audit, and are deleted earlier than the others.
CREATE INDEX audit_moves ON audit (at) WHERE action = 'instance-moved';
