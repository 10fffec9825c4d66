-- Moves instances of a solution to a release, with one commit for each.
--
-- Each move writes the same rows as move_instance.sql, which says why there are two. A routine has no placeholders, so the
-- columns of the audit are written out here.
--
-- `versions` are the row versions (xmin) of the instances as they were judged; a trigger writes the row of an instance
-- whenever it gets a value. `value_counts` are the numbers of their values, some of which may have been removed since. An
-- instance that has changed is left as it is. So is an instance, with all after it, if the solution has another latest
-- release by now, or is on hold and `unless_on_hold` is true. An error rolls back the move of one instance.
--
-- The instances in `waiting` do not move: they are marked as needing input for the release.
--
-- `kept_kinds` and `kept_ids` are the slots of the release: the values of other slots are dropped. `keys` are the trigger
-- keys of the workflows, for one instance after the other. `of_run` is null, or the run that moves the instances, whose
-- outcomes begin after `ordinal`. `results` is 'done', 'changed' or the SQLSTATE of an error for each instance that was
-- looked at; there are fewer results than instances if the procedure ended early, also because the run was cancelled.
-- `details` are more details of the rows of the audit.
CREATE PROCEDURE move_instances(
  of_solution uuid, latest integer, unless_on_hold boolean, target integer, pinned_at integer, how text,
  instances uuid[], versions text[], value_counts integer[], waiting boolean[], kept_kinds text[], kept_ids text[],
  given json, workflows text[], keys text[], actor_kind text, actor bigint, actor_name text, address text, details jsonb,
  of_run bigint, outcome text, INOUT ordinal integer, INOUT results text[])
LANGUAGE plpgsql AS $$
DECLARE
  present integer;
  result text;
BEGIN
  results := '{}';
  FOR n IN 1 .. cardinality(instances) LOOP
    PERFORM set_config('synchronous_commit', 'off', true);
    IF (SELECT r.cancel_requested OR NOT coalesce(a.enabled, true)
        FROM run r LEFT JOIN account a ON a.user_identifier = r.user_identifier
        WHERE r.run_identifier = of_run) THEN
      RETURN;
    END IF;
    BEGIN
      -- A lazy update does not wait for another transaction: a later one looks at the instance again. A run waits, and
      -- locks the instance before the solution, as an upgrade does.
      IF of_run IS NOT NULL THEN
        PERFORM FROM solution_instance i WHERE i.instance_identifier = instances[n] FOR NO KEY UPDATE;
      END IF;
      PERFORM FROM solution s
      WHERE s.solution_identifier = of_solution AND s.latest_release_number = latest AND NOT (s.held AND unless_on_hold)
      FOR SHARE;
      IF NOT FOUND THEN
        RETURN;
      END IF;
      SELECT i.release_number INTO present FROM solution_instance i
      WHERE i.instance_identifier = instances[n] AND i.xmin::text = versions[n]
        AND value_counts[n] = (SELECT count(*) FROM instance_value v WHERE v.instance_identifier = instances[n])
      FOR NO KEY UPDATE SKIP LOCKED;
      IF NOT FOUND THEN
        result := 'changed';
      ELSIF waiting[n] THEN
        UPDATE solution_instance i SET needs_input_for_release = target WHERE i.instance_identifier = instances[n];
        result := 'done';
      ELSE
        UPDATE solution_instance i
        SET release_number = target, moved_at = now(), pinned_at_release = coalesce(pinned_at, i.pinned_at_release)
        WHERE i.instance_identifier = instances[n];
        DELETE FROM instance_value v
        WHERE v.instance_identifier = instances[n]
          AND (v.slot_kind, v.external_identifier) NOT IN (SELECT * FROM unnest(kept_kinds, kept_ids));
        IF given IS NOT NULL THEN
          INSERT INTO instance_value (instance_identifier, slot_kind, external_identifier, value,
                                      authentication_identifier, given_for)
          SELECT instances[n], g.kind, g.external_id, g.value, g.authentication, g.given_for
          FROM json_to_recordset(given)
            AS g (kind text, external_id text, value text, authentication uuid, given_for integer[])
          ON CONFLICT (instance_identifier, slot_kind, external_identifier)
          DO UPDATE SET value = EXCLUDED.value, authentication_identifier = EXCLUDED.authentication_identifier,
                        given_for = EXCLUDED.given_for;
        END IF;
        DELETE FROM workflow_instance w
        WHERE w.instance_identifier = instances[n] AND NOT w.source_workflow_identifier = ANY (workflows);
        IF cardinality(workflows) > 0 THEN
          -- A workflow that stays keeps its key, and with it the URL that others know.
          INSERT INTO workflow_instance AS stored (instance_identifier, source_workflow_identifier, trigger_key)
          SELECT instances[n], w.workflow, keys[(n - 1) * cardinality(workflows) + w.place]
          FROM unnest(workflows) WITH ORDINALITY AS w (workflow, place)
          ON CONFLICT (instance_identifier, source_workflow_identifier)
          DO UPDATE SET trigger_key = EXCLUDED.trigger_key WHERE stored.trigger_key IS NULL;
        END IF;
        INSERT INTO audit (action, actor_kind, user_identifier, actor_name, address, object_kind, object_name, details)
        VALUES ('instance-moved', actor_kind, actor, actor_name, address, 'instance', instances[n]::text,
                jsonb_build_object('solution', of_solution, 'from', present, 'to', target, 'how', how) || details);
        IF of_run IS NOT NULL THEN
          INSERT INTO run_outcome (run_identifier, ordinal, instance_identifier, version_number, outcome)
          VALUES (of_run, move_instances.ordinal + 1, instances[n], target, move_instances.outcome);
        END IF;
        result := 'moved';
      END IF;
    EXCEPTION WHEN OTHERS THEN
      -- A full disk, a server that stops, or a standby would affect every other instance too.
      IF left(SQLSTATE, 2) IN ('25', '53', '57', '58') THEN
        RAISE;
      END IF;
      result := SQLSTATE;
    END;
    COMMIT;
    IF result = 'moved' THEN
      ordinal := ordinal + 1;
      result := 'done';
    END IF;
    results := results || result;
  END LOOP;
END $$;
