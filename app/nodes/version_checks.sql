-- Integrity checks of nodes and their versions. They are triggers because CHECK constraints cost each small statement
-- more: see the definition of the tables.
CREATE FUNCTION check_node() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.latest_version_number BETWEEN 1 AND 999999
    AND NEW.latest_version_number - NEW.frozen_version_number BETWEEN 0 AND 1 THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'node % cannot be frozen up to version % and have version % as its latest',
    NEW.node_identifier, NEW.frozen_version_number, NEW.latest_version_number
    USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER checked_node BEFORE INSERT OR UPDATE OF frozen_version_number, latest_version_number ON node
  FOR EACH ROW EXECUTE FUNCTION check_node();

-- The arrays of a version have equal lengths, and `indexed_as` is the number of an earlier version.
CREATE FUNCTION check_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  members integer := cardinality(NEW.member_types);
BEGIN
  IF cardinality(NEW.member_type_numbers) = members AND cardinality(NEW.sequences) = members
    AND cardinality(NEW.targets) = members AND cardinality(NEW.target_numbers) = members
    AND (NEW.values IS NULL OR cardinality(NEW.values) = members)
    AND (NEW.scales IS NULL OR cardinality(NEW.scales) = members)
    AND (NEW.comments IS NULL OR cardinality(NEW.comments) = members)
    AND NEW.version_number BETWEEN 1 AND 999999
    AND (NEW.indexed_as IS NULL OR NEW.indexed_as BETWEEN 1 AND NEW.version_number - 1) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'version % of node % has arrays of different lengths, or an invalid number',
    NEW.version_number, NEW.node_identifier
    USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER checked_version BEFORE INSERT OR UPDATE ON node_version FOR EACH ROW EXECUTE FUNCTION check_version();
