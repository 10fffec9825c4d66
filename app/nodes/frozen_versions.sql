-- A frozen version never changes. Only `delete_nodes` deletes a frozen version, together with its node.
CREATE FUNCTION refuse_change_of_frozen_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('relink.deleting_nodes', true) = 'on' THEN
    RETURN OLD;
  END IF;
  IF EXISTS (
    SELECT FROM node n WHERE n.node_identifier = OLD.node_identifier AND n.frozen_version_number >= OLD.version_number
  ) THEN
    RAISE EXCEPTION 'version % of node % is frozen', OLD.version_number, OLD.node_identifier
      USING ERRCODE = 'RL001';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  IF (NEW.node_identifier, NEW.version_number) <> (OLD.node_identifier, OLD.version_number) THEN
    RAISE EXCEPTION 'version % of node % cannot become another one', OLD.version_number, OLD.node_identifier
      USING ERRCODE = 'RL001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER frozen_version BEFORE UPDATE OR DELETE ON node_version
  FOR EACH ROW EXECUTE FUNCTION refuse_change_of_frozen_version();

CREATE FUNCTION refuse_thaw() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'node % is frozen up to version %', OLD.node_identifier, OLD.frozen_version_number
    USING ERRCODE = 'RL001';
END $$;
CREATE TRIGGER frozen_stays_frozen BEFORE UPDATE OF frozen_version_number ON node FOR EACH ROW
  WHEN (NEW.frozen_version_number < OLD.frozen_version_number) EXECUTE FUNCTION refuse_thaw();

-- A node is deleted only together with its versions.
CREATE FUNCTION refuse_deletion_of_node() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('relink.deleting_nodes', true) IS DISTINCT FROM 'on' THEN
    RAISE EXCEPTION 'node % is deleted only by delete_nodes', OLD.node_identifier USING ERRCODE = 'RL001';
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER deleted_with_versions BEFORE DELETE ON node
  FOR EACH ROW EXECUTE FUNCTION refuse_deletion_of_node();

-- A frozen version never depends on a draft. The node of each link is found by a subquery, which uses the index; with a
-- join, servers before PostgreSQL 17 read the whole table for each node, since they expect many links.
CREATE FUNCTION refuse_frozen_on_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM dependency d
    WHERE d.node_identifier = NEW.node_identifier
      AND d.version_number BETWEEN OLD.frozen_version_number + 1 AND NEW.frozen_version_number
      AND d.on_version_number > (
        SELECT n.frozen_version_number FROM node n WHERE n.node_identifier = d.on_node_identifier)
  ) THEN
    RAISE EXCEPTION 'version % of node % depends on a draft', NEW.frozen_version_number, NEW.node_identifier
      USING ERRCODE = 'RL002';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER frozen_on_frozen AFTER UPDATE OF frozen_version_number ON node FOR EACH ROW
  WHEN (NEW.frozen_version_number > OLD.frozen_version_number) EXECUTE FUNCTION refuse_frozen_on_draft();

-- The same for nodes that were created frozen, with their versions, in this transaction. One statement looks up the
-- links of all of them, which takes a fraction of the time of a trigger for each.
CREATE FUNCTION check_created_on_frozen(created bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  wrong record;
BEGIN
  SELECT d.node_identifier, d.version_number INTO wrong
  FROM unnest(created) AS c (node_identifier)
  JOIN node f USING (node_identifier)
  JOIN dependency d ON d.node_identifier = f.node_identifier AND d.version_number <= f.frozen_version_number
  JOIN node n ON n.node_identifier = d.on_node_identifier
  WHERE d.on_version_number > n.frozen_version_number
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'version % of node % depends on a draft', wrong.version_number, wrong.node_identifier
      USING ERRCODE = 'RL002';
  END IF;
END $$;
