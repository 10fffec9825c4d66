-- The history of an instance has more than its moves.
DROP INDEX audit_of_instance;
CREATE INDEX audit_of_instance ON audit (object_name, at) WHERE object_kind = 'instance';
