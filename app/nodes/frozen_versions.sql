-- A frozen version never changes.
CREATE FUNCTION refuse_change_of_frozen_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT frozen_version_number FROM node WHERE node_identifier = OLD.node_identifier)
      >= OLD.version_number THEN
    RAISE EXCEPTION 'version % of node % is frozen', OLD.version_number, OLD.node_identifier
      USING ERRCODE = 'RL001';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION refuse_new_data_of_frozen_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT frozen_version_number FROM node WHERE node_identifier = NEW.node_identifier)
      >= NEW.version_number THEN
    RAISE EXCEPTION 'version % of node % is frozen', NEW.version_number, NEW.node_identifier
      USING ERRCODE = 'RL001';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER frozen_version BEFORE UPDATE OR DELETE ON node_version
  FOR EACH ROW EXECUTE FUNCTION refuse_change_of_frozen_version();
CREATE TRIGGER frozen_member BEFORE UPDATE OR DELETE ON member
  FOR EACH ROW EXECUTE FUNCTION refuse_change_of_frozen_version();
CREATE TRIGGER frozen_new_member BEFORE UPDATE ON member
  FOR EACH ROW EXECUTE FUNCTION refuse_new_data_of_frozen_version();

-- Members are inserted in large numbers, so this is looked up once for each statement.
CREATE FUNCTION refuse_new_members_of_frozen_versions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  frozen record;
BEGIN
  SELECT a.node_identifier, a.version_number INTO frozen
  FROM added a JOIN node n ON n.node_identifier = a.node_identifier AND n.frozen_version_number >= a.version_number
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'version % of node % is frozen', frozen.version_number, frozen.node_identifier
      USING ERRCODE = 'RL001';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER frozen_new_members AFTER INSERT ON member REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_new_members_of_frozen_versions();

CREATE FUNCTION refuse_thaw() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'node % is frozen up to version %', OLD.node_identifier, OLD.frozen_version_number
    USING ERRCODE = 'RL001';
END $$;
CREATE TRIGGER frozen_stays_frozen BEFORE UPDATE ON node FOR EACH ROW
  WHEN (NEW.frozen_version_number < OLD.frozen_version_number) EXECUTE FUNCTION refuse_thaw();

-- A frozen version never depends on a draft.
CREATE FUNCTION refuse_frozen_on_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM node_version v JOIN node t ON t.node_identifier = v.type_node_identifier
    WHERE v.node_identifier = NEW.node_identifier
      AND v.version_number BETWEEN OLD.frozen_version_number + 1 AND NEW.frozen_version_number
      AND v.type_version_number > t.frozen_version_number
    UNION ALL
    SELECT FROM member m JOIN node t ON t.node_identifier = m.target_node_identifier
    WHERE m.node_identifier = NEW.node_identifier
      AND m.version_number BETWEEN OLD.frozen_version_number + 1 AND NEW.frozen_version_number
      AND m.target_version_number > t.frozen_version_number
    UNION ALL
    SELECT FROM member m JOIN node t ON t.node_identifier = m.member_type_node_identifier
    WHERE m.node_identifier = NEW.node_identifier
      AND m.version_number BETWEEN OLD.frozen_version_number + 1 AND NEW.frozen_version_number
      AND m.member_type_version_number > t.frozen_version_number
  ) THEN
    RAISE EXCEPTION 'version % of node % depends on a draft', NEW.frozen_version_number, NEW.node_identifier
      USING ERRCODE = 'RL002';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER frozen_on_frozen AFTER UPDATE ON node FOR EACH ROW
  WHEN (NEW.frozen_version_number > OLD.frozen_version_number) EXECUTE FUNCTION refuse_frozen_on_draft();
