-- The migrations of procrastinate that its tables here have had, by the names that it ships them under.
CREATE TABLE queue_migration (
  name text PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- A lazy update passes over an instance up to a release of its solution: the latest one when it was found to need
-- input, and the latest one when it was moved to an older one on purpose.
ALTER TABLE solution_instance
  ADD COLUMN needs_input_for_release integer NOT NULL DEFAULT 0,
  ADD COLUMN pinned_at_release integer NOT NULL DEFAULT 0,
  ADD COLUMN passed_over_release integer NOT NULL
    GENERATED ALWAYS AS (greatest(needs_input_for_release, pinned_at_release)) STORED;
-- A sweep goes through the instances of a release in this order.
CREATE INDEX solution_instance_lazy
  ON solution_instance (solution_identifier, release_number, passed_over_release, instance_identifier) WHERE NOT held;

-- A value that is given may be what was needed.
CREATE FUNCTION look_at_instances_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE solution_instance i SET needs_input_for_release = 0
  WHERE i.needs_input_for_release <> 0 AND i.instance_identifier IN (SELECT g.instance_identifier FROM given g);
  RETURN NULL;
END $$;
CREATE TRIGGER value_added AFTER INSERT ON instance_value REFERENCING NEW TABLE AS given
  FOR EACH STATEMENT EXECUTE FUNCTION look_at_instances_again();
CREATE TRIGGER value_changed AFTER UPDATE ON instance_value REFERENCING NEW TABLE AS given
  FOR EACH STATEMENT EXECUTE FUNCTION look_at_instances_again();

CREATE FUNCTION look_at_instances_of_authentication_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE solution_instance i SET needs_input_for_release = 0
  FROM instance_value v
  WHERE v.authentication_identifier = NEW.authentication_identifier
    AND i.instance_identifier = v.instance_identifier AND i.needs_input_for_release <> 0;
  RETURN NULL;
END $$;
CREATE TRIGGER authentication_changed
  AFTER UPDATE OF service, service_version, service_environment, scopes ON authentication
  FOR EACH ROW EXECUTE FUNCTION look_at_instances_of_authentication_again();
