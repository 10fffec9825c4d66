-- The members of a draft move to the versions of their member types that a type lists: the same version if it is
-- listed, else the highest.
CREATE PROCEDURE move_members_to_type(node bigint, version integer, type_node bigint, type_version integer)
LANGUAGE sql AS $$
  UPDATE member m SET member_type_version_number = listed.version_number
  FROM (
    SELECT target_node_identifier AS node_identifier, max(target_version_number) AS version_number,
           array_agg(target_version_number) AS version_numbers
    FROM member
    WHERE node_identifier = type_node AND version_number = type_version
      AND member_type_node_identifier = member_type_list() AND target_node_identifier IS NOT NULL
    GROUP BY target_node_identifier
  ) listed
  WHERE m.node_identifier = node AND m.version_number = version
    AND m.member_type_node_identifier = listed.node_identifier
    AND m.member_type_version_number <> ALL (listed.version_numbers);
$$;

-- Deletes the members of a draft that its type does not list. Returns their number.
CREATE FUNCTION remove_unlisted_members(node bigint, version integer, type_node bigint, type_version integer)
RETURNS bigint LANGUAGE sql AS $$
  WITH removed AS (
    DELETE FROM member m
    WHERE m.node_identifier = node AND m.version_number = version
      AND NOT EXISTS (
        SELECT FROM member l
        WHERE l.node_identifier = type_node AND l.version_number = type_version
          AND l.member_type_node_identifier = member_type_list()
          AND l.target_node_identifier = m.member_type_node_identifier)
    RETURNING 1
  )
  SELECT count(*) FROM removed;
$$;

-- Does the staged steps of a run from `first` on, one commit each. Returns `stopped` null when all are done, else the
-- step that was not done and why: 'cancelled', or 'changed' where the node is not as it was when the plan was made. An
-- error rolls back the step in which it occurs.
CREATE PROCEDURE apply_run(run bigint, actor bigint, first integer, INOUT stopped integer, INOUT why text)
LANGUAGE plpgsql AS $$
DECLARE
  step record;
  done_number integer;
  removed integer;
  written integer;
  user_node bigint;
BEGIN
  FOR step IN
    SELECT * FROM run_step s WHERE s.run_identifier = run AND s.ordinal >= first ORDER BY s.ordinal
  LOOP
    stopped := step.ordinal;
    IF (SELECT r.cancel_requested FROM run r WHERE r.run_identifier = run) THEN
      why := 'cancelled';
      RETURN;
    END IF;

    -- What most steps are, in one statement: a new version of the same type.
    IF step.kind = 'version' AND step.type_version_number IS NULL THEN
      WITH taken AS (
        UPDATE node n
        SET edition = n.edition + 1, latest_version_number = step.version_number + 1
        WHERE n.node_identifier = step.node_identifier AND n.edition = step.edition
        RETURNING n.node_identifier
      ), version AS (
        INSERT INTO node_version (node_identifier, version_number, type_node_identifier, type_version_number,
                                  node_name, node_version_comment, created_by, amended_by)
        SELECT v.node_identifier, step.version_number + 1, v.type_node_identifier, v.type_version_number,
               v.node_name, NULL, actor, actor
        FROM taken JOIN node_version v
          ON v.node_identifier = taken.node_identifier AND v.version_number = step.version_number
      ), members AS (
        INSERT INTO member (node_identifier, version_number, member_type_node_identifier, sequence,
                            member_type_version_number, value, scale,
                            target_node_identifier, target_version_number)
        SELECT m.node_identifier, step.version_number + 1, m.member_type_node_identifier, m.sequence,
               m.member_type_version_number, m.value, m.scale,
               m.target_node_identifier, coalesce(s.version_number, m.target_version_number)
        FROM taken JOIN member m
          ON m.node_identifier = taken.node_identifier AND m.version_number = step.version_number
        LEFT JOIN run_source s
          ON s.run_identifier = run AND s.node_identifier = m.target_node_identifier
          AND s.version_number > m.target_version_number AND s.ordinal <= step.ordinal
      )
      INSERT INTO run_outcome (run_identifier, ordinal, node_identifier, version_number, outcome)
      SELECT run, step.ordinal, taken.node_identifier, step.version_number + 1, step.kind FROM taken;
      IF NOT FOUND THEN
        ROLLBACK;
        why := 'changed';
        RETURN;
      END IF;
      COMMIT;
      CONTINUE;
    END IF;

    IF step.user_nodes IS NOT NULL THEN
      PERFORM FROM node n
      WHERE n.node_identifier = step.node_identifier OR n.node_identifier = ANY (step.user_nodes)
      ORDER BY n.node_identifier FOR NO KEY UPDATE;
    END IF;
    done_number := step.version_number + (step.kind = 'version')::integer;
    UPDATE node n
    SET edition = n.edition + 1, latest_version_number = done_number
    WHERE n.node_identifier = step.node_identifier AND n.edition = step.edition;
    IF NOT FOUND THEN
      ROLLBACK;
      why := 'changed';
      RETURN;
    END IF;

    removed := 0;
    IF step.kind = 'version' THEN
      INSERT INTO node_version (node_identifier, version_number, type_node_identifier, type_version_number,
                                node_name, node_version_comment, created_by, amended_by)
      SELECT v.node_identifier, done_number, v.type_node_identifier,
             step.type_version_number, v.node_name, NULL, actor, actor
      FROM node_version v
      WHERE v.node_identifier = step.node_identifier AND v.version_number = step.version_number;
      SELECT count(*) INTO removed FROM member m
      WHERE m.node_identifier = step.node_identifier AND m.version_number = step.version_number;
      INSERT INTO member (node_identifier, version_number, member_type_node_identifier, sequence,
                          member_type_version_number, value, scale,
                          target_node_identifier, target_version_number)
      SELECT m.node_identifier, done_number, m.member_type_node_identifier, m.sequence,
             listed.version_number, m.value, m.scale,
             m.target_node_identifier, coalesce(s.version_number, m.target_version_number)
      FROM member m
      JOIN LATERAL (
        SELECT l.target_version_number AS version_number FROM member l
        WHERE l.node_identifier = step.type_node_identifier
          AND l.version_number = step.type_version_number
          AND l.member_type_node_identifier = member_type_list()
          AND l.target_node_identifier = m.member_type_node_identifier
        ORDER BY l.target_version_number = m.member_type_version_number DESC, l.target_version_number DESC
        LIMIT 1
      ) listed ON true
      LEFT JOIN run_source s
        ON s.run_identifier = run AND s.node_identifier = m.target_node_identifier
        AND s.version_number > m.target_version_number AND s.ordinal <= step.ordinal
      WHERE m.node_identifier = step.node_identifier AND m.version_number = step.version_number;
      GET DIAGNOSTICS written = ROW_COUNT;
      removed := removed - written;
    ELSE
      UPDATE node_version v
      SET type_version_number = coalesce(step.type_version_number, v.type_version_number),
          amended_at = now(), amended_by = actor
      WHERE v.node_identifier = step.node_identifier AND v.version_number = step.version_number;
      UPDATE member m SET target_version_number = s.version_number
      FROM run_source s
      WHERE m.node_identifier = step.node_identifier AND m.version_number = step.version_number
        AND s.run_identifier = run AND s.node_identifier = m.target_node_identifier
        AND s.version_number > m.target_version_number AND s.ordinal <= step.ordinal;
      IF step.type_version_number IS NOT NULL THEN
        CALL move_members_to_type(
          step.node_identifier, done_number, step.type_node_identifier, step.type_version_number);
        removed := remove_unlisted_members(
          step.node_identifier, done_number, step.type_node_identifier, step.type_version_number);
      END IF;
    END IF;

    IF step.user_nodes IS NOT NULL THEN
      PERFORM FROM node n
      JOIN unnest(step.user_nodes, step.user_editions) AS u (node_identifier, edition)
        ON u.node_identifier = n.node_identifier AND u.edition = n.edition;
      GET DIAGNOSTICS written = ROW_COUNT;
      IF written <> cardinality(step.user_nodes) OR EXISTS (
        SELECT FROM node_version v
        WHERE v.type_node_identifier = step.node_identifier AND v.type_version_number = done_number
          AND v.node_identifier <> ALL (step.user_nodes) AND v.node_identifier <> step.node_identifier
      ) THEN
        ROLLBACK;
        why := 'changed';
        RETURN;
      END IF;
      UPDATE node n SET edition = n.edition + 1 WHERE n.node_identifier = ANY (step.user_nodes);
      IF EXISTS (
        SELECT FROM node_version v
        WHERE v.node_identifier = step.node_identifier AND v.version_number = done_number
          AND v.type_node_identifier = v.node_identifier AND v.type_version_number = v.version_number
      ) THEN
        CALL move_members_to_type(step.node_identifier, done_number, step.node_identifier, done_number);
      END IF;
      FOREACH user_node IN ARRAY step.user_nodes LOOP
        SELECT n.latest_version_number INTO written FROM node n WHERE n.node_identifier = user_node;
        CALL move_members_to_type(user_node, written, step.node_identifier, done_number);
      END LOOP;
    END IF;
    IF removed <> step.removed THEN
      ROLLBACK;
      why := 'changed';
      RETURN;
    END IF;

    INSERT INTO run_outcome (run_identifier, ordinal, node_identifier, version_number, outcome)
    VALUES (run, step.ordinal, step.node_identifier, done_number, step.kind);
    COMMIT;
  END LOOP;
  stopped := NULL;
END $$;
