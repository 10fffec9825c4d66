-- A new value may be the input that an instance waits for, so a lazy update looks at its instance again.
--
-- The row of the instance is written in any case, even if nothing in it changes: a transaction that waits for the lock
-- of the instance finds a new version of the row then, and reads the values again (moving.py).
CREATE FUNCTION look_at_instances_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE solution_instance i SET needs_input_for_release = 0
  WHERE i.instance_identifier IN (SELECT g.instance_identifier FROM given g);
  RETURN NULL;
END $$;
CREATE TRIGGER value_added AFTER INSERT ON instance_value REFERENCING NEW TABLE AS given
  FOR EACH STATEMENT EXECUTE FUNCTION look_at_instances_again();
CREATE TRIGGER value_changed AFTER UPDATE ON instance_value REFERENCING NEW TABLE AS given
  FOR EACH STATEMENT EXECUTE FUNCTION look_at_instances_again();

-- A changed authentication may be that input too. A sweep that has judged an instance by the authentication as it was holds the lock of
-- the instance until it commits its mark: the reset waits for that lock, so that it comes after the mark.
CREATE FUNCTION look_at_instances_of_authentication_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM solution_instance i
  WHERE i.instance_identifier IN (
    SELECT v.instance_identifier FROM instance_value v
    WHERE v.authentication_identifier = NEW.authentication_identifier)
  ORDER BY i.instance_identifier FOR NO KEY UPDATE;
  UPDATE solution_instance i SET needs_input_for_release = 0
  FROM instance_value v
  WHERE v.authentication_identifier = NEW.authentication_identifier
    AND i.instance_identifier = v.instance_identifier;
  RETURN NULL;
END $$;
CREATE TRIGGER authentication_changed
  AFTER UPDATE OF service, service_version, service_environment, scopes, expires_at ON authentication
  FOR EACH ROW EXECUTE FUNCTION look_at_instances_of_authentication_again();
