-- The rows of one action are found without reading all others; those of moves too, which are kept for a shorter time.
DROP INDEX audit_moves;
CREATE INDEX audit_by_action ON audit (action, at, audit_identifier);
