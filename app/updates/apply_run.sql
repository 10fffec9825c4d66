-- Does the staged steps of a run from `first` to `last`, with one commit for each. `stopped` is null when all are done;
-- otherwise it is the step that was not done, and `why` is 'cancelled', or 'changed' if a node has changed since the
-- plan was made or a staged step is missing. An error rolls back the step in which it occurs.
--
-- The plan determines what is written. A step takes its node if the node has the planned edition, writes one version,
-- records the outcome and commits.
CREATE PROCEDURE apply_run(run bigint, actor bigint, first integer, last integer, INOUT stopped integer, INOUT why text)
LANGUAGE plpgsql AS $$
DECLARE
  step record;
  moving bigint[];
  done_number integer;
  expected integer := first;
BEGIN
  FOR step IN
    SELECT * FROM run_step s WHERE s.run_identifier = run AND s.ordinal BETWEEN first AND last ORDER BY s.ordinal
  LOOP
    stopped := expected;
    EXIT WHEN step.ordinal <> expected;
    expected := expected + 1;
    IF (SELECT r.cancel_requested FROM run r WHERE r.run_identifier = run) THEN
      why := 'cancelled';
      RETURN;
    END IF;
    done_number := step.version_number + (step.kind = 'version')::integer;

    IF step.others IS NOT NULL THEN
      -- An array, because the planner would read the whole index for a condition with OR.
      moving := ARRAY(
        SELECT o.node_identifier FROM run_step_other o
        WHERE o.run_identifier = run AND o.ordinal = step.ordinal AND o.member_type_numbers IS NOT NULL);
      PERFORM FROM node n WHERE n.node_identifier = ANY (step.node_identifier || moving)
      ORDER BY n.node_identifier FOR NO KEY UPDATE;
      IF NOT others_are_as_planned(run, step.ordinal, step.others, step.node_identifier,
                                   CASE WHEN step.list_moves THEN done_number END) THEN
        ROLLBACK;
        why := 'changed';
        RETURN;
      END IF;
    END IF;

    UPDATE node n SET edition = step.edition + 1, latest_version_number = done_number
    WHERE n.node_identifier = step.node_identifier AND n.edition = step.edition;
    IF NOT FOUND THEN
      ROLLBACK;
      why := 'changed';
      RETURN;
    END IF;

    IF step.kind = 'version' THEN
      INSERT INTO node_version (node_identifier, version_number, type_node_identifier, type_version_number, node_name,
                                created_by, amended_by, member_types, member_type_numbers, sequences, targets,
                                target_numbers, values, scales, indexed_as)
      SELECT v.node_identifier, done_number, v.type_node_identifier, step.type_version_number, v.node_name,
             actor, actor, v.member_types, coalesce(step.member_type_numbers, v.member_type_numbers), v.sequences,
             v.targets, coalesce(step.target_numbers, v.target_numbers), v.values, v.scales,
             coalesce(v.indexed_as, v.version_number)
      FROM node_version v
      WHERE v.node_identifier = step.node_identifier AND v.version_number = step.version_number;
    ELSE
      UPDATE node_version v
      SET type_version_number = step.type_version_number,
          member_type_numbers = coalesce(step.member_type_numbers, v.member_type_numbers),
          target_numbers = coalesce(step.target_numbers, v.target_numbers),
          amended_at = now(), amended_by = actor
      WHERE v.node_identifier = step.node_identifier AND v.version_number = step.version_number;
    END IF;
    IF step.kept IS NOT NULL THEN
      UPDATE node_version v
      SET member_types = members_at(step.kept, v.member_types),
          member_type_numbers = members_at(step.kept, v.member_type_numbers),
          sequences = members_at(step.kept, v.sequences),
          targets = members_at(step.kept, v.targets),
          target_numbers = members_at(step.kept, v.target_numbers),
          values = members_at(step.kept, v.values),
          scales = members_at(step.kept, v.scales),
          comments = members_at(step.kept, v.comments),
          indexed_as = NULL
      WHERE v.node_identifier = step.node_identifier AND v.version_number = done_number;
    END IF;

    IF step.list_moves THEN
      UPDATE node n SET edition = n.edition + 1 WHERE n.node_identifier = ANY (moving);
      UPDATE node_version v
      SET member_type_numbers = o.member_type_numbers, amended_at = now(), amended_by = actor
      FROM run_step_other o
      WHERE o.run_identifier = run AND o.ordinal = step.ordinal AND o.member_type_numbers IS NOT NULL
        AND v.node_identifier = ANY (moving)
        AND v.node_identifier = o.node_identifier AND v.version_number = o.version_number
        AND v.member_type_numbers <> o.member_type_numbers;
    END IF;

    INSERT INTO run_outcome (run_identifier, ordinal, node_identifier, version_number, outcome)
    VALUES (run, step.ordinal, step.node_identifier, done_number, step.kind);
    COMMIT;
  END LOOP;
  -- A step that is not there has not been done.
  stopped := CASE WHEN expected <= last THEN expected END;
  why := CASE WHEN expected <= last THEN 'changed' END;
END $$;

-- Returns the elements of an array at the given places, in this order; null if the array is null.
CREATE FUNCTION members_at(places integer[], elements anyarray) RETURNS anyarray LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT ARRAY(SELECT elements[p.place] FROM unnest(places) WITH ORDINALITY AS p (place, ordinal) ORDER BY p.ordinal);
$$;

-- Returns whether the other nodes of a step have their planned editions. If the member type list of a draft type moves,
-- `list_moves_of` is the number of that draft, and no draft outside the plan may have it as its type.
CREATE FUNCTION others_are_as_planned(run bigint, step integer, others integer, node bigint, list_moves_of integer)
RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT others = (
    SELECT count(*) FROM run_step_other o
    WHERE o.run_identifier = run AND o.ordinal = step
      AND o.edition = (SELECT n.edition FROM node n WHERE n.node_identifier = o.node_identifier)
  ) AND NOT EXISTS (
    SELECT FROM node_version v
    WHERE v.type_node_identifier = node AND v.type_version_number = list_moves_of AND v.node_identifier <> node
      AND NOT EXISTS (
        SELECT FROM run_step_other o
        WHERE o.run_identifier = run AND o.ordinal = step AND o.node_identifier = v.node_identifier)
  );
$$;
