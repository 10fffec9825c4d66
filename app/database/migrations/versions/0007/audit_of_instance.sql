-- The history of an instance: a page shows it.
CREATE INDEX audit_of_instance ON audit (object_name, at) WHERE action = 'instance-moved';
