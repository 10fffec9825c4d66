-- Who froze a version: the history of a node shows it.
CREATE INDEX audit_of_frozen ON audit (object_name, (details ->> 'version')) WHERE action = 'node-frozen';
