-- A store at migration 0010 with rows in every table, as pg_dump writes it. It never changes: the tests migrate
-- it to the present schema.
SET LOCAL check_function_bodies = off;

CREATE TYPE public.procrastinate_job_event_type AS ENUM (
    'deferred',
    'started',
    'deferred_for_retry',
    'failed',
    'succeeded',
    'cancelled',
    'abort_requested',
    'aborted',
    'scheduled',
    'retried'
);

CREATE TYPE public.procrastinate_job_status AS ENUM (
    'todo',
    'doing',
    'succeeded',
    'failed',
    'cancelled',
    'aborting',
    'aborted'
);

CREATE TYPE public.procrastinate_job_to_defer_v1 AS (
	queue_name character varying,
	task_name character varying,
	priority integer,
	lock text,
	queueing_lock text,
	args jsonb,
	scheduled_at timestamp with time zone
);

CREATE DOMAIN public.reference AS text COLLATE pg_catalog."C"
	CONSTRAINT reference_check CHECK ((VALUE ~ '^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$'::text));

CREATE PROCEDURE public.apply_run(IN run bigint, IN actor bigint, IN first integer, IN last integer, INOUT stopped integer, INOUT why text)
    LANGUAGE plpgsql
    AS $$
DECLARE
  step record;
  done_number integer;
BEGIN
  FOR step IN
    SELECT * FROM run_step s WHERE s.run_identifier = run AND s.ordinal BETWEEN first AND last ORDER BY s.ordinal
  LOOP
    stopped := step.ordinal;
    IF (SELECT r.cancel_requested FROM run r WHERE r.run_identifier = run) THEN
      why := 'cancelled';
      RETURN;
    END IF;
    done_number := step.version_number + (step.kind = 'version')::integer;

    IF step.others IS NOT NULL THEN
      PERFORM FROM node n
      WHERE n.node_identifier = step.node_identifier OR n.node_identifier IN (
        SELECT o.node_identifier FROM run_step_other o
        WHERE o.run_identifier = run AND o.ordinal = step.ordinal AND o.member_type_numbers IS NOT NULL)
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
      UPDATE node n SET edition = n.edition + 1
      FROM run_step_other o
      WHERE o.run_identifier = run AND o.ordinal = step.ordinal AND o.member_type_numbers IS NOT NULL
        AND n.node_identifier = o.node_identifier;
      UPDATE node_version v
      SET member_type_numbers = o.member_type_numbers, amended_at = now(), amended_by = actor
      FROM run_step_other o
      WHERE o.run_identifier = run AND o.ordinal = step.ordinal AND o.member_type_numbers IS NOT NULL
        AND v.node_identifier = o.node_identifier AND v.version_number = o.version_number
        AND v.member_type_numbers <> o.member_type_numbers;
    END IF;

    INSERT INTO run_outcome (run_identifier, ordinal, node_identifier, version_number, outcome)
    VALUES (run, step.ordinal, step.node_identifier, done_number, step.kind);
    COMMIT;
  END LOOP;
  stopped := NULL;
END $$;

CREATE FUNCTION public.check_node() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF NEW.latest_version_number BETWEEN 1 AND 999999
    AND NEW.latest_version_number - NEW.frozen_version_number BETWEEN 0 AND 1 THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'node % cannot be frozen up to version % and have version % as its latest',
    NEW.node_identifier, NEW.frozen_version_number, NEW.latest_version_number
    USING ERRCODE = 'check_violation';
END $$;

CREATE FUNCTION public.check_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE PROCEDURE public.delete_nodes(IN nodes bigint[])
    LANGUAGE plpgsql
    AS $$
BEGIN
  PERFORM set_config('relink.deleting_nodes', 'on', true);
  DELETE FROM permission p WHERE p.node_identifier = ANY (nodes);
  DELETE FROM node_version v WHERE v.node_identifier = ANY (nodes);
  DELETE FROM node n WHERE n.node_identifier = ANY (nodes);
  PERFORM set_config('relink.deleting_nodes', 'off', true);
END $$;

CREATE FUNCTION public.look_at_instances_again() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  UPDATE solution_instance i SET needs_input_for_release = 0
  WHERE i.instance_identifier IN (SELECT g.instance_identifier FROM given g);
  RETURN NULL;
END $$;

CREATE FUNCTION public.look_at_instances_of_authentication_again() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.members_at(places integer[], elements anyarray) RETURNS anyarray
    LANGUAGE sql IMMUTABLE STRICT
    AS $$
  SELECT ARRAY(SELECT elements[p.place] FROM unnest(places) WITH ORDINALITY AS p (place, ordinal) ORDER BY p.ordinal);
$$;

CREATE PROCEDURE public.move_instances(IN of_solution uuid, IN latest integer, IN unless_held boolean, IN target integer, IN pinned_at integer, IN how text, IN instances uuid[], IN versions text[], IN values_held integer[], IN waiting boolean[], IN kept_kinds text[], IN kept_ids text[], IN given json, IN workflows text[], IN keys text[], IN actor_kind text, IN actor bigint, IN actor_name text, IN address text, IN details jsonb, IN of_run bigint, IN outcome text, INOUT ordinal integer, INOUT results text[])
    LANGUAGE plpgsql
    AS $$
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
      WHERE s.solution_identifier = of_solution AND s.latest_release_number = latest AND NOT (s.held AND unless_held)
      FOR SHARE;
      IF NOT FOUND THEN
        RETURN;
      END IF;
      SELECT i.release_number INTO present FROM solution_instance i
      WHERE i.instance_identifier = instances[n] AND i.xmin::text = versions[n]
        AND values_held[n] = (SELECT count(*) FROM instance_value v WHERE v.instance_identifier = instances[n])
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
          INSERT INTO workflow_instance AS held (instance_identifier, source_workflow_identifier, trigger_key)
          SELECT instances[n], w.workflow, keys[(n - 1) * cardinality(workflows) + w.place]
          FROM unnest(workflows) WITH ORDINALITY AS w (workflow, place)
          ON CONFLICT (instance_identifier, source_workflow_identifier)
          DO UPDATE SET trigger_key = EXCLUDED.trigger_key WHERE held.trigger_key IS NULL;
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

CREATE FUNCTION public.others_are_as_planned(run bigint, step integer, others integer, node bigint, list_moves_of integer) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  SELECT others = (
    SELECT count(*) FROM run_step_other o
    JOIN node n ON n.node_identifier = o.node_identifier AND n.edition = o.edition
    WHERE o.run_identifier = run AND o.ordinal = step
  ) AND NOT EXISTS (
    SELECT FROM node_version v
    WHERE v.type_node_identifier = node AND v.type_version_number = list_moves_of AND v.node_identifier <> node
      AND NOT EXISTS (
        SELECT FROM run_step_other o
        WHERE o.run_identifier = run AND o.ordinal = step AND o.node_identifier = v.node_identifier)
  );
$$;

CREATE FUNCTION public.procrastinate_cancel_job_v1(job_id bigint, abort boolean, delete_job boolean) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status = 'todo'
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        IF abort THEN
            UPDATE procrastinate_jobs
            SET abort_requested = true,
                status = CASE status
                    WHEN 'todo' THEN 'cancelled'::procrastinate_job_status ELSE status
                END
            WHERE id = job_id AND status IN ('todo', 'doing')
            RETURNING id INTO _job_id;
        ELSE
            UPDATE procrastinate_jobs
            SET status = 'cancelled'::procrastinate_job_status
            WHERE id = job_id AND status = 'todo'
            RETURNING id INTO _job_id;
        END IF;
    END IF;
    RETURN _job_id;
END;
$$;

CREATE FUNCTION public.procrastinate_defer_jobs_v1(jobs public.procrastinate_job_to_defer_v1[]) RETURNS bigint[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    job_ids bigint[];
BEGIN
    WITH inserted_jobs AS (
        INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
        SELECT (job).queue_name,
               (job).task_name,
               (job).priority,
               (job).lock,
               (job).queueing_lock,
               (job).args,
               (job).scheduled_at
        FROM unnest(jobs) AS job
        RETURNING id
    )
    SELECT array_agg(id) FROM inserted_jobs INTO job_ids;

    RETURN job_ids;
END;
$$;

CREATE FUNCTION public.procrastinate_defer_periodic_job_v2(_queue_name character varying, _lock character varying, _queueing_lock character varying, _task_name character varying, _priority integer, _periodic_id character varying, _defer_timestamp bigint, _args jsonb) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
	_job_id bigint;
	_defer_id bigint;
BEGIN
    INSERT
        INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)
        VALUES (_task_name, _periodic_id, _defer_timestamp)
        ON CONFLICT DO NOTHING
        RETURNING id into _defer_id;

    IF _defer_id IS NULL THEN
        RETURN NULL;
    END IF;

    UPDATE procrastinate_periodic_defers
        SET job_id = (
            SELECT COALESCE((
                SELECT unnest(procrastinate_defer_jobs_v1(
                    ARRAY[
                        ROW(
                            _queue_name,
                            _task_name,
                            _priority,
                            _lock,
                            _queueing_lock,
                            _args,
                            NULL::timestamptz
                        )
                    ]::procrastinate_job_to_defer_v1[]
                ))
            ), NULL)
        )
        WHERE id = _defer_id
        RETURNING job_id INTO _job_id;

    DELETE
        FROM procrastinate_periodic_defers
        USING (
            SELECT id
            FROM procrastinate_periodic_defers
            WHERE procrastinate_periodic_defers.task_name = _task_name
            AND procrastinate_periodic_defers.periodic_id = _periodic_id
            AND procrastinate_periodic_defers.defer_timestamp < _defer_timestamp
            ORDER BY id
            FOR UPDATE
        ) to_delete
        WHERE procrastinate_periodic_defers.id = to_delete.id;

    RETURN _job_id;
END;
$$;

CREATE TABLE public.procrastinate_jobs (
    id bigint NOT NULL,
    queue_name character varying(128) NOT NULL,
    task_name character varying(128) NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    lock text,
    queueing_lock text,
    args jsonb DEFAULT '{}'::jsonb NOT NULL,
    status public.procrastinate_job_status DEFAULT 'todo'::public.procrastinate_job_status NOT NULL,
    scheduled_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    abort_requested boolean DEFAULT false NOT NULL,
    worker_id bigint,
    CONSTRAINT check_not_todo_abort_requested CHECK ((NOT ((status = 'todo'::public.procrastinate_job_status) AND (abort_requested = true))))
);

CREATE FUNCTION public.procrastinate_fetch_job_v2(target_queue_names character varying[], p_worker_id bigint) RETURNS public.procrastinate_jobs
    LANGUAGE plpgsql
    AS $$
DECLARE
	found_jobs procrastinate_jobs;
BEGIN
    WITH candidate AS (
        SELECT jobs.*
            FROM procrastinate_jobs AS jobs
            WHERE
                -- reject the job if its lock has earlier or higher priority jobs
                NOT EXISTS (
                    SELECT 1
                        FROM procrastinate_jobs AS other_jobs
                        WHERE
                            jobs.lock IS NOT NULL
                            AND other_jobs.lock = jobs.lock
                            AND (
                                -- job with same lock is already running
                                other_jobs.status = 'doing'
                                OR
                                -- job with same lock is waiting and has higher priority (or same priority but was queued first)
                                (
                                    other_jobs.status = 'todo'
                                    AND (
                                        other_jobs.priority > jobs.priority
                                        OR (
                                        other_jobs.priority = jobs.priority
                                        AND other_jobs.id < jobs.id
                                        )
                                    )
                                )
                            )
                )
                AND jobs.status = 'todo'
                AND (target_queue_names IS NULL OR jobs.queue_name = ANY( target_queue_names ))
                AND (jobs.scheduled_at IS NULL OR jobs.scheduled_at <= now())
            ORDER BY jobs.priority DESC, jobs.id ASC LIMIT 1
            FOR UPDATE OF jobs SKIP LOCKED
    )
    UPDATE procrastinate_jobs
        SET status = 'doing', worker_id = p_worker_id
        FROM candidate
        WHERE procrastinate_jobs.id = candidate.id
        RETURNING procrastinate_jobs.* INTO found_jobs;

 RETURN found_jobs;
END;
$$;

CREATE FUNCTION public.procrastinate_finish_job_v1(job_id bigint, end_status public.procrastinate_job_status, delete_job boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF end_status NOT IN ('succeeded', 'failed', 'aborted') THEN
        RAISE 'End status should be either "succeeded", "failed" or "aborted" (job id: %)', job_id;
    END IF;
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = end_status,
            abort_requested = false,
            attempts = CASE status
                WHEN 'doing' THEN attempts + 1 ELSE attempts
            END
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" or "todo" status (job id: %)', job_id;
    END IF;
END;
$$;

CREATE FUNCTION public.procrastinate_notify_queue_abort_job_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'abort_job_requested', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_notify_queue_job_inserted_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'job_inserted', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_prune_stalled_workers_v1(seconds_since_heartbeat double precision) RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    DELETE FROM procrastinate_workers
    WHERE last_heartbeat < NOW() - (seconds_since_heartbeat || 'SECOND')::INTERVAL
    RETURNING procrastinate_workers.id;
END;
$$;

CREATE FUNCTION public.procrastinate_register_worker_v1() RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    INSERT INTO procrastinate_workers DEFAULT VALUES
    RETURNING procrastinate_workers.id;
END;
$$;

CREATE FUNCTION public.procrastinate_retry_job_v1(job_id bigint, retry_at timestamp with time zone, new_priority integer, new_queue_name character varying, new_lock character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
BEGIN
    SELECT abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status = 'doing'
    FOR UPDATE
    INTO _abort_requested;
    IF _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    END IF;

    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" status (job id: %)', job_id;
    END IF;
END;
$$;

CREATE FUNCTION public.procrastinate_retry_job_v2(job_id bigint, retry_at timestamp with time zone, new_priority integer, new_queue_name character varying, new_lock character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
    _current_status procrastinate_job_status;
BEGIN
    SELECT status, abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status IN ('doing', 'failed')
    FOR UPDATE
    INTO _current_status, _abort_requested;
    IF _current_status = 'doing' AND _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status IN ('doing', 'failed')
        RETURNING id INTO _job_id;
    END IF;

    IF _job_id IS NULL THEN
        RAISE 'Job was not found or has an invalid status to retry (job id: %)', job_id;
    END IF;

END;
$$;

CREATE FUNCTION public.procrastinate_trigger_abort_requested_events_procedure_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'abort_requested'::procrastinate_job_event_type);
    RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_trigger_function_scheduled_events_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type, at)
        VALUES (NEW.id, 'scheduled'::procrastinate_job_event_type, NEW.scheduled_at);

	RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_trigger_function_status_events_insert_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'deferred'::procrastinate_job_event_type);
	RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_trigger_function_status_events_update_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    WITH t AS (
        SELECT CASE
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND NEW.status = 'doing'::procrastinate_job_status
                THEN 'started'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'deferred_for_retry'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'failed'::procrastinate_job_status
                THEN 'failed'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'succeeded'::procrastinate_job_status
                THEN 'succeeded'::procrastinate_job_event_type
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND (
                    NEW.status = 'cancelled'::procrastinate_job_status
                    OR NEW.status = 'failed'::procrastinate_job_status
                    OR NEW.status = 'succeeded'::procrastinate_job_status
                )
                THEN 'cancelled'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'aborted'::procrastinate_job_status
                THEN 'aborted'::procrastinate_job_event_type
            WHEN OLD.status = 'failed'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'retried'::procrastinate_job_event_type
            ELSE NULL
        END as event_type
    )
    INSERT INTO procrastinate_events(job_id, type)
        SELECT NEW.id, t.event_type
        FROM t
        WHERE t.event_type IS NOT NULL;
	RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_unlink_periodic_defers_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE procrastinate_periodic_defers
    SET job_id = NULL
    WHERE job_id = OLD.id;
    RETURN OLD;
END;
$$;

CREATE FUNCTION public.procrastinate_unregister_worker_v1(worker_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM procrastinate_workers
    WHERE id = worker_id;
END;
$$;

CREATE FUNCTION public.procrastinate_update_heartbeat_v1(worker_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE procrastinate_workers
    SET last_heartbeat = NOW()
    WHERE id = worker_id;
END;
$$;

CREATE FUNCTION public.refuse_change_of_frozen_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.refuse_change_of_release() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  RAISE EXCEPTION 'release % of solution % is published', OLD.release_number, OLD.solution_identifier
    USING ERRCODE = 'RL001';
END $$;

CREATE FUNCTION public.refuse_deletion_of_node() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF current_setting('relink.deleting_nodes', true) IS DISTINCT FROM 'on' THEN
    RAISE EXCEPTION 'node % is deleted only by delete_nodes', OLD.node_identifier USING ERRCODE = 'RL001';
  END IF;
  RETURN OLD;
END $$;

CREATE FUNCTION public.refuse_frozen_on_draft() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF EXISTS (
    SELECT FROM node_version v
    CROSS JOIN LATERAL (
      SELECT v.type_node_identifier, v.type_version_number
      UNION ALL
      SELECT * FROM unnest(v.targets, v.target_numbers)
      UNION ALL
      SELECT * FROM unnest(v.member_types, v.member_type_numbers)
    ) AS link (node_identifier, version_number)
    JOIN node n ON n.node_identifier = link.node_identifier
    WHERE v.node_identifier = NEW.node_identifier
      AND v.version_number BETWEEN OLD.frozen_version_number + 1 AND NEW.frozen_version_number
      AND link.version_number > n.frozen_version_number
  ) THEN
    RAISE EXCEPTION 'version % of node % depends on a draft', NEW.frozen_version_number, NEW.node_identifier
      USING ERRCODE = 'RL002';
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION public.refuse_thaw() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  RAISE EXCEPTION 'node % is frozen up to version %', OLD.node_identifier, OLD.frozen_version_number
    USING ERRCODE = 'RL001';
END $$;

CREATE TABLE public.run (
    run_identifier bigint NOT NULL,
    user_identifier bigint,
    context_node_identifier bigint,
    solution_identifier uuid,
    context_reference text NOT NULL COLLATE pg_catalog."C",
    include_content boolean NOT NULL,
    options jsonb NOT NULL,
    state text NOT NULL,
    cancel_requested boolean DEFAULT false NOT NULL,
    steps integer DEFAULT 0 NOT NULL,
    error_number integer,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    service text NOT NULL,
    action text DEFAULT 'force'::text NOT NULL,
    queued_at timestamp with time zone DEFAULT now() NOT NULL,
    reason text,
    asynchronous boolean DEFAULT false NOT NULL,
    attempts integer DEFAULT 1 NOT NULL,
    if_match text,
    plan text,
    idempotency_key text,
    request_digest bytea,
    CONSTRAINT run_action_check CHECK ((action = ANY (ARRAY['impact'::text, 'force'::text]))),
    CONSTRAINT run_context_check CHECK ((num_nonnulls(context_node_identifier, solution_identifier) = ((service <> 'NodeImport'::text))::integer)),
    CONSTRAINT run_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'cancelled'::text, 'interrupted'::text])))
);

CREATE FUNCTION public.run_can_be_done_again(r public.run) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  SELECT r.asynchronous AND (r.if_match IS NULL OR NOT EXISTS (
    SELECT FROM run_outcome o WHERE o.run_identifier = r.run_identifier))
$$;

CREATE FUNCTION public.run_goes_before(r public.run, waiting public.run) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  SELECT waiting.action = 'force' AND r.run_identifier <> waiting.run_identifier AND r.state IN ('queued', 'running')
    AND (r.state = 'running' OR NOT r.asynchronous OR r.run_identifier < waiting.run_identifier)
    AND run_overlaps(r, waiting.context_node_identifier, waiting.solution_identifier, waiting.context_reference,
                     waiting.include_content)
$$;

CREATE FUNCTION public.run_is_held(r public.run) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  SELECT r.state = 'running' OR r.state = 'queued' AND NOT r.asynchronous
$$;

CREATE FUNCTION public.run_overlaps(r public.run, node bigint, solution uuid, reference text, content boolean) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  SELECT r.action = 'force' AND (
    r.solution_identifier = solution
    OR node IS NOT NULL AND r.context_node_identifier IS NOT NULL AND (
      r.context_reference = reference
      OR r.include_content AND starts_with(reference, r.context_reference || '.')
      OR content AND starts_with(r.context_reference, reference || '.')))
$$;

CREATE FUNCTION public.words_of_values(texts text[]) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
BEGIN
  IF length(array_to_string(texts, '')) > 65536 THEN
    RETURN '''.long'''::tsvector;
  END IF;
  RETURN to_tsvector('simple'::regconfig, translate(array_to_string(texts, ' '), '._/@:-', '      '));
END $$;

CREATE TABLE public.access_token (
    token_hash bytea NOT NULL,
    token_identifier bigint NOT NULL,
    kind text NOT NULL,
    name text,
    owner uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT access_token_check CHECK (((kind = 'master'::text) = (owner IS NULL))),
    CONSTRAINT access_token_check1 CHECK (((kind = 'master'::text) = (expires_at IS NULL))),
    CONSTRAINT access_token_kind_check CHECK ((kind = ANY (ARRAY['master'::text, 'user'::text, 'code'::text])))
);

ALTER TABLE public.access_token ALTER COLUMN token_identifier ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.access_token_token_identifier_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.account (
    user_identifier bigint NOT NULL,
    user_logon_reference text NOT NULL COLLATE pg_catalog."C",
    user_name text NOT NULL,
    user_email_address text,
    password_hash text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    own_group_identifier bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.account ALTER COLUMN user_identifier ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.account_user_identifier_seq
    START WITH 101
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE public.audit (
    audit_identifier bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    action text NOT NULL,
    actor_kind text NOT NULL,
    user_identifier bigint,
    actor_name text,
    address text,
    object_kind text,
    object_name text,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT audit_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['user'::text, 'public'::text, 'token'::text, 'command'::text, 'worker'::text])))
);

ALTER TABLE public.audit ALTER COLUMN audit_identifier ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_audit_identifier_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.authentication (
    authentication_identifier uuid DEFAULT gen_random_uuid() NOT NULL,
    owner uuid,
    name text NOT NULL,
    service text NOT NULL,
    service_version text NOT NULL,
    service_environment text NOT NULL,
    scopes text[] DEFAULT '{}'::text[] NOT NULL,
    custom_fields jsonb,
    data bytea NOT NULL,
    hidden boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    announced_expires_at timestamp with time zone
);

CREATE TABLE public.external_user (
    user_identifier uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    external_user_identifier text NOT NULL,
    is_test_user boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.instance_value (
    instance_identifier uuid NOT NULL,
    slot_kind text NOT NULL,
    external_identifier text NOT NULL,
    value text,
    authentication_identifier uuid,
    given_for integer[] NOT NULL,
    CONSTRAINT instance_value_check CHECK (((slot_kind = 'config'::text) = (value IS NOT NULL))),
    CONSTRAINT instance_value_check1 CHECK (((slot_kind = 'auth'::text) = (authentication_identifier IS NOT NULL))),
    CONSTRAINT instance_value_slot_kind_check CHECK ((slot_kind = ANY (ARRAY['auth'::text, 'config'::text])))
);

CREATE TABLE public.node_version (
    node_identifier bigint NOT NULL,
    version_number integer NOT NULL,
    type_node_identifier bigint NOT NULL,
    type_version_number integer NOT NULL,
    node_name text NOT NULL,
    node_version_comment text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by bigint,
    amended_at timestamp with time zone DEFAULT now() NOT NULL,
    amended_by bigint,
    member_types bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    member_type_numbers integer[] DEFAULT '{}'::integer[] NOT NULL,
    sequences integer[] DEFAULT '{}'::integer[] NOT NULL,
    targets bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    target_numbers integer[] DEFAULT '{}'::integer[] NOT NULL,
    "values" text[],
    scales double precision[],
    comments text[],
    indexed_as integer
);

CREATE VIEW public.member AS
 SELECT v.node_identifier,
    v.version_number,
    m."position",
    m.member_type_node_identifier,
    m.member_type_version_number,
    m.sequence,
    m.value,
    m.scale,
    m.target_node_identifier,
    m.target_version_number,
    m.comment
   FROM (public.node_version v
     CROSS JOIN LATERAL UNNEST(v.member_types, v.member_type_numbers, v.sequences, v."values", v.scales, v.targets, v.target_numbers, v.comments) WITH ORDINALITY m(member_type_node_identifier, member_type_version_number, sequence, value, scale, target_node_identifier, target_version_number, comment, "position"));

CREATE TABLE public.node (
    node_identifier bigint NOT NULL,
    node_reference public.reference NOT NULL,
    owner_identifier bigint,
    frozen_version_number integer DEFAULT 0 NOT NULL,
    latest_version_number integer DEFAULT 1 NOT NULL,
    edition bigint DEFAULT 1 NOT NULL
)
WITH (fillfactor='70');

ALTER TABLE public.node ALTER COLUMN node_identifier ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.node_node_identifier_seq
    START WITH 1001
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.outbox (
    message_identifier uuid DEFAULT gen_random_uuid() NOT NULL,
    event text NOT NULL,
    body jsonb NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_at timestamp with time zone,
    given_up_at timestamp with time zone
);

CREATE TABLE public.permission (
    permission_identifier bigint NOT NULL,
    permission_type text NOT NULL,
    user_group_identifier bigint NOT NULL,
    node_identifier bigint
);

ALTER TABLE public.permission ALTER COLUMN permission_identifier ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.permission_permission_identifier_seq
    START WITH 101
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.procrastinate_events (
    id bigint NOT NULL,
    job_id bigint NOT NULL,
    type public.procrastinate_job_event_type,
    at timestamp with time zone DEFAULT now()
);

CREATE SEQUENCE public.procrastinate_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.procrastinate_events_id_seq OWNED BY public.procrastinate_events.id;

CREATE SEQUENCE public.procrastinate_jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.procrastinate_jobs_id_seq OWNED BY public.procrastinate_jobs.id;

CREATE TABLE public.procrastinate_periodic_defers (
    id bigint NOT NULL,
    task_name character varying(128) NOT NULL,
    defer_timestamp bigint,
    job_id bigint,
    periodic_id character varying(128) DEFAULT ''::character varying NOT NULL
);

CREATE SEQUENCE public.procrastinate_periodic_defers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.procrastinate_periodic_defers_id_seq OWNED BY public.procrastinate_periodic_defers.id;

CREATE TABLE public.procrastinate_workers (
    id bigint NOT NULL,
    last_heartbeat timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.procrastinate_workers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.procrastinate_workers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.queue_migration (
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.routine (
    kind text NOT NULL,
    signature text NOT NULL,
    files_digest text NOT NULL,
    CONSTRAINT routine_kind_check CHECK ((kind = ANY (ARRAY['routine'::text, 'view'::text])))
);

CREATE TABLE public.run_answer (
    run_identifier bigint NOT NULL,
    part integer NOT NULL,
    content bytea NOT NULL
);

CREATE TABLE public.run_outcome (
    run_identifier bigint NOT NULL,
    ordinal integer NOT NULL,
    node_identifier bigint,
    version_number integer,
    instance_identifier uuid,
    outcome text NOT NULL
);

CREATE TABLE public.run_request (
    run_identifier bigint NOT NULL,
    part integer NOT NULL,
    content bytea NOT NULL
);

ALTER TABLE public.run ALTER COLUMN run_identifier ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.run_run_identifier_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE UNLOGGED TABLE public.run_step (
    run_identifier bigint NOT NULL,
    ordinal integer NOT NULL,
    node_identifier bigint NOT NULL,
    edition bigint NOT NULL,
    kind text NOT NULL,
    version_number integer NOT NULL,
    type_version_number integer NOT NULL,
    member_type_numbers integer[],
    target_numbers integer[],
    kept integer[],
    others integer,
    list_moves boolean NOT NULL
);

CREATE UNLOGGED TABLE public.run_step_other (
    run_identifier bigint NOT NULL,
    ordinal integer NOT NULL,
    node_identifier bigint NOT NULL,
    edition bigint NOT NULL,
    version_number integer NOT NULL,
    member_type_numbers integer[]
);

CREATE TABLE public.sign_in_failure (
    network bytea NOT NULL,
    account bytea NOT NULL,
    failures integer NOT NULL,
    since timestamp with time zone NOT NULL
);

CREATE TABLE public.sign_in_network (
    user_identifier bigint NOT NULL,
    network bytea NOT NULL,
    last_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.solution (
    solution_identifier uuid DEFAULT gen_random_uuid() NOT NULL,
    title text NOT NULL,
    description text,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    custom_fields jsonb DEFAULT '[]'::jsonb NOT NULL,
    draft jsonb NOT NULL,
    latest_release_number integer DEFAULT 0 NOT NULL,
    held boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT solution_latest_release_number_check CHECK ((latest_release_number >= 0))
);

CREATE TABLE public.solution_instance (
    instance_identifier uuid DEFAULT gen_random_uuid() NOT NULL,
    solution_identifier uuid NOT NULL,
    release_number integer NOT NULL,
    owner uuid NOT NULL,
    name text NOT NULL,
    enabled boolean DEFAULT false NOT NULL,
    held boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    moved_at timestamp with time zone,
    needs_input_for_release integer DEFAULT 0 NOT NULL,
    pinned_at_release integer DEFAULT 0 NOT NULL,
    passed_over_release integer GENERATED ALWAYS AS (GREATEST(needs_input_for_release, pinned_at_release)) STORED NOT NULL,
    failed_release integer DEFAULT 0 NOT NULL,
    failed_times integer DEFAULT 0 NOT NULL,
    try_again_at timestamp with time zone DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone NOT NULL
);

CREATE TABLE public.solution_release (
    solution_identifier uuid NOT NULL,
    release_number integer NOT NULL,
    title text NOT NULL,
    content jsonb NOT NULL,
    notes text,
    published_by bigint,
    published_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT solution_release_release_number_check CHECK ((release_number >= 1))
);

CREATE TABLE public.user_group (
    user_group_identifier bigint NOT NULL,
    user_group_reference text NOT NULL COLLATE pg_catalog."C",
    user_group_name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.user_group_member (
    user_identifier bigint NOT NULL,
    user_group_identifier bigint NOT NULL
);

ALTER TABLE public.user_group ALTER COLUMN user_group_identifier ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.user_group_user_group_identifier_seq
    START WITH 101
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.user_session (
    token_hash bytea NOT NULL,
    user_identifier bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.wizard_session (
    token_hash bytea NOT NULL,
    owner uuid NOT NULL,
    instance_identifier uuid,
    filled_in bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.workflow_instance (
    workflow_instance_identifier uuid DEFAULT gen_random_uuid() NOT NULL,
    instance_identifier uuid NOT NULL,
    source_workflow_identifier text NOT NULL,
    trigger_key text
);

ALTER TABLE ONLY public.procrastinate_events ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_events_id_seq'::regclass);

ALTER TABLE ONLY public.procrastinate_jobs ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_jobs_id_seq'::regclass);

ALTER TABLE ONLY public.procrastinate_periodic_defers ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_periodic_defers_id_seq'::regclass);

INSERT INTO public.access_token OVERRIDING SYSTEM VALUE VALUES ('\x05', 1, 'master', 'Partner', NULL, '2026-01-01 00:00:00+00', NULL, '2026-01-02 00:00:00+00');
INSERT INTO public.access_token OVERRIDING SYSTEM VALUE VALUES ('\x06', 2, 'user', 'Of Bob', '00000000-0000-4000-8000-000000000002', '2026-01-01 00:00:00+00', '2027-01-01 00:00:00+00', NULL);

INSERT INTO public.account VALUES (101, 'ann', 'Ann', 'ann@example.com', '$argon2id$unusable', true, 101, '2026-01-01 00:00:00+00');

INSERT INTO public.alembic_version VALUES ('0010');

INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (1, '2026-01-02 00:00:00+00', 'sign-in', 'user', 101, 'ann', '192.0.2.1', 'user', 'ann', '{"kept": true}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (2, '2026-01-03 00:00:00+00', 'node-frozen', 'user', 101, 'ann', '192.0.2.1', 'node', '1002', '{"version": 1}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (3, '2026-01-04 00:00:00+00', 'instance-moved', 'worker', NULL, NULL, NULL, 'instance', '00000000-0000-4000-8000-000000000004', '{"to": 1, "from": 0}');

INSERT INTO public.authentication VALUES ('00000000-0000-4000-8000-000000000003', '00000000-0000-4000-8000-000000000002', 'Mine', 'slack', '1', 'production', '{read}', '[{"key": "team", "value": "crm"}]', '\x00', false, '2026-01-01 00:00:00+00', '2027-01-01 00:00:00+00', '2026-12-01 00:00:00+00');

INSERT INTO public.external_user VALUES ('00000000-0000-4000-8000-000000000002', 'Bob', 'bob', false, '2026-01-01 00:00:00+00');

INSERT INTO public.instance_value VALUES ('00000000-0000-4000-8000-000000000004', 'config', 'channel', '"#help"', NULL, '{1}');
INSERT INTO public.instance_value VALUES ('00000000-0000-4000-8000-000000000004', 'auth', 'slack', NULL, '00000000-0000-4000-8000-000000000003', '{1}');

INSERT INTO public.node VALUES (1, 'system', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (2, 'system.TYPE_TYPE', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (3, 'system.MEMBER_TYPE_CLASS', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (4, 'system.PACKAGE_LISTING', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (5, 'system.MANIFEST_TYPE', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (6, 'system.NULL', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (7, 'system.PROPERTIES', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (8, 'system.CONSTANT_TYPE', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (9, 'system.PUBLIC_SCRIPT_TYPE', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (10, 'system.NODE_LIST_TYPE', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (11, 'system.TAG_TYPE', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (12, 'system.FILE_TYPE', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (13, 'system.ACCOUNT_TYPE', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (14, 'system.ALLOW_STALE_READ_TAG', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (21, 'system.MEMBER_TYPE_LIST', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (22, 'system.MANIFEST_ITEMS', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (31, 'system.USE_VALUE', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (32, 'system.USE_SCALE', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (33, 'system.USE_TARGET', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (34, 'system.MINIMUM_CARDINALITY', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (35, 'system.MAXIMUM_CARDINALITY', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (36, 'system.VALUE_PATTERN', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (37, 'system.TARGET_TYPE_LIST', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (41, 'system.NODE_NAME', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (42, 'system.NODE_DESCRIPTION', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (43, 'system.SET_TAGS', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (44, 'system.TAB_LIST', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (45, 'system.DISPLAY_PROPERTIES', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (46, 'system.TYPE_NODE_CONTROLLER_CLASS', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (47, 'system.TYPE_DERIVATION_SCRIPT', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (48, 'system.MEMBER_TYPE_DERIVATION_SCRIPT', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (49, 'system.NODE_LIST', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (50, 'system.TAG_LIST', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (51, 'system.FILE_STORAGE_KEY', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (52, 'system.NODE_SCRIPT', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (53, 'system.NODE_DATA', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (54, 'system.NODE_ERROR', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (55, 'system.HOME_NODE', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (56, 'system.INHERIT_FROM', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (57, 'system.DO_NOT_INHERIT', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (58, 'system.INSTANCE_DERIVATION_SCRIPT', NULL, 1, 1, 1);
INSERT INTO public.node VALUES (1001, 'P', 101, 1, 1, 1);
INSERT INTO public.node VALUES (1003, 'P.B', NULL, 1, 2, 5);
INSERT INTO public.node VALUES (1002, 'P.A', 101, 1, 1, 1);

INSERT INTO public.node_version VALUES (1, 1, 4, 1, 'System', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{}', '{}', '{}', '{}', '{}', NULL, NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (2, 1, 2, 1, 'Type', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{21,21,21,21,21,21,21,21}', '{1,1,1,1,1,1,1,1}', '{1,2,3,4,5,6,7,8}', '{41,42,21,43,44,45,46,47}', '{1,1,1,1,1,1,1,1}', '{name,description,"member types","set tags",tabs,"display properties","controller class","type derivation script"}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (3, 1, 2, 1, 'Member Type', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{21,21,21,21,21,21,21,21,21,21}', '{1,1,1,1,1,1,1,1,1,1}', '{1,2,3,4,5,6,7,8,9,10}', '{41,42,31,32,33,34,35,36,37,48}', '{1,1,1,1,1,1,1,1,1,1}', '{name,description,"use value","use scale","use target","minimum cardinality","maximum cardinality","value pattern","target types","member type derivation script"}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (4, 1, 2, 1, 'Package', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{21,21}', '{1,1}', '{1,2}', '{41,42}', '{1,1}', '{name,description}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (5, 1, 2, 1, 'Manifest', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{21,21,21}', '{1,1,1}', '{1,2,3}', '{41,42,22}', '{1,1,1}', '{name,description,"manifest items"}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (6, 1, 2, 1, 'Null', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{}', '{}', '{}', '{}', '{}', NULL, NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (7, 1, 4, 1, 'Properties', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{}', '{}', '{}', '{}', '{}', NULL, NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (8, 1, 2, 1, 'Constant', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{21,21}', '{1,1}', '{1,2}', '{41,42}', '{1,1}', '{name,description}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (9, 1, 2, 1, 'Script', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{21,21,21}', '{1,1,1}', '{1,2,3}', '{41,42,52}', '{1,1,1}', '{name,description,script}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (10, 1, 2, 1, 'Node List', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{21,21,21}', '{1,1,1}', '{1,2,3}', '{41,42,49}', '{1,1,1}', '{name,description,nodes}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (11, 1, 2, 1, 'Tag', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{21,21}', '{1,1}', '{1,2}', '{41,42}', '{1,1}', '{name,description}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (12, 1, 2, 1, 'File', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{21,21,21}', '{1,1,1}', '{1,2,3}', '{41,42,51}', '{1,1,1}', '{name,description,"file storage key"}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (13, 1, 2, 1, 'Account', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{21,21}', '{1,1}', '{1,2}', '{41,42}', '{1,1}', '{name,description}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (14, 1, 11, 1, 'Allow Stale Read', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{}', '{}', '{}', '{}', '{}', NULL, NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (21, 1, 3, 1, 'Member Types', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{true,true,true,0}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (22, 1, 3, 1, 'Manifest Items', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{true,false,true,0}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (31, 1, 3, 1, 'Use Value', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35,36}', '{1,1,1,1,1}', '{1,1,1,1,1}', '{NULL,NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL,NULL}', '{true,false,false,1,true|false}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (32, 1, 3, 1, 'Use Scale', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35,36}', '{1,1,1,1,1}', '{1,1,1,1,1}', '{NULL,NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL,NULL}', '{true,false,false,1,true|false}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (33, 1, 3, 1, 'Use Target', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35,36}', '{1,1,1,1,1}', '{1,1,1,1,1}', '{NULL,NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL,NULL}', '{true,false,false,1,true|false}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (34, 1, 3, 1, 'Minimum Cardinality', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35,36}', '{1,1,1,1,1}', '{1,1,1,1,1}', '{NULL,NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL,NULL}', '{true,false,false,1,"[0-9]{1,9}"}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (35, 1, 3, 1, 'Maximum Cardinality', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35,36}', '{1,1,1,1,1}', '{1,1,1,1,1}', '{NULL,NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL,NULL}', '{true,false,false,1,"[0-9]{1,9}"}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (36, 1, 3, 1, 'Value Pattern', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{true,false,false,1}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (37, 1, 3, 1, 'Target Types', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{false,false,true,0}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (41, 1, 3, 1, 'Name', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{true,false,false,1}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (42, 1, 3, 1, 'Description', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{true,false,false,1}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (43, 1, 3, 1, 'Set Tags', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{false,false,true,0}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (44, 1, 3, 1, 'Tabs', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{true,false,false,0}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (45, 1, 3, 1, 'Display Properties', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{true,false,true,0}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (46, 1, 3, 1, 'Controller Class', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{true,false,false,1}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (47, 1, 3, 1, 'Type Derivation Script', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{true,false,true,1}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (48, 1, 3, 1, 'Member Type Derivation Script', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{true,false,true,1}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (49, 1, 3, 1, 'Nodes', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{false,false,true,0}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (50, 1, 3, 1, 'Tags', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{false,false,true,0}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (51, 1, 3, 1, 'File Storage Key', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{true,false,false,1}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (52, 1, 3, 1, 'Script', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{true,false,false,1}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (53, 1, 3, 1, 'Data', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{true,false,false,1}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (54, 1, 3, 1, 'Error', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{true,false,false,1}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (55, 1, 3, 1, 'Home Node', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{false,false,true,1}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (56, 1, 3, 1, 'Inherit From', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{false,false,true,0}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (57, 1, 3, 1, 'Do Not Inherit', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{false,false,true,0}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (58, 1, 3, 1, 'Instance Derivation Script', NULL, '2026-11-26 00:16:46.740097+00', NULL, '2026-11-26 00:16:46.740097+00', NULL, '{31,32,33,35}', '{1,1,1,1}', '{1,1,1,1}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', '{true,false,false,1}', NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (1001, 1, 4, 1, 'Package', NULL, '2026-01-01 00:00:00+00', 101, '2026-01-01 00:00:00+00', 101, '{}', '{}', '{}', '{}', '{}', NULL, NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (1002, 1, 10, 1, 'A', 'first', '2026-01-01 00:00:00+00', 101, '2026-01-01 00:00:00+00', 101, '{42,49,49}', '{1,1,1}', '{1,1,2}', '{NULL,1003,1001}', '{NULL,1,1}', '{words,NULL,NULL}', '{NULL,NULL,0.5}', '{NULL,"on a link",NULL}', NULL);
INSERT INTO public.node_version VALUES (1003, 1, 10, 1, 'B', NULL, '2026-01-01 00:00:00+00', NULL, '2026-01-01 00:00:00+00', NULL, '{}', '{}', '{}', '{}', '{}', NULL, NULL, NULL, NULL);
INSERT INTO public.node_version VALUES (1003, 2, 10, 1, 'B', NULL, '2026-01-01 00:00:00+00', NULL, '2026-01-01 00:00:00+00', NULL, '{49}', '{1}', '{1}', '{1002}', '{1}', NULL, NULL, NULL, 1);

INSERT INTO public.outbox VALUES ('00000000-0000-4000-8000-000000000006', 'moved', '{}', 1, '2026-01-01 00:00:00+00', '2026-01-01 00:00:00+00', '2026-01-01 00:00:00+00', NULL);
INSERT INTO public.outbox VALUES ('00000000-0000-4000-8000-000000000007', 'moved', '{}', 9, '2026-01-01 00:00:00+00', '2026-01-02 00:00:00+00', NULL, '2026-01-03 00:00:00+00');

INSERT INTO public.permission VALUES (101, 'package-link', 1, 1);
INSERT INTO public.permission VALUES (201, 'administer-all', 101, NULL);
INSERT INTO public.permission VALUES (202, 'node-read', 1, 1002);

INSERT INTO public.procrastinate_events VALUES (1, 2, 'deferred', '2026-11-26 17:37:30.600331+00');

INSERT INTO public.procrastinate_jobs VALUES (1, 'runs', 'do_runs', 0, 'run', 'runs', '{}', 'doing', '2026-01-05 00:00:00+00', 1, false, 1);
INSERT INTO public.procrastinate_jobs VALUES (2, 'updates', 'update_instances', 5, NULL, NULL, '{"release": 1}', 'todo', NULL, 0, false, NULL);

INSERT INTO public.procrastinate_periodic_defers VALUES (1, 'look', 1767225600, 1, 'five seconds');

INSERT INTO public.procrastinate_workers OVERRIDING SYSTEM VALUE VALUES (1, '2026-01-05 00:00:00+00');

INSERT INTO public.queue_migration VALUES ('00.00.00_01_initial', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.05.00_01_drop_started_at_column', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.05.00_02_drop_started_at_column', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.05.00_03_drop_procrastinate_version_table', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.06.00_01_fix_procrastinate_fetch_job', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.07.01_01_fix_trigger_status_events_insert', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.08.01_01_add_queueing_lock_column', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.10.00_01_close_fetch_job_race_condition', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.10.00_02_add_defer_job_function', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.11.00_03_add_procrastinate_periodic_defers', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.12.00_01_add_foreign_key_index', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.14.00_01_add_locks_to_periodic_defer', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.15.02_01_fix_procrastinate_defer_periodic_job', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.16.00_01_add_finish_job_and_retry_job_functions', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.17.00_01_add_trigger_on_job_deletion', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.17.00_02_delete_finished_jobs', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.17.00_03_add_checks_to_finish_job', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.17.00_04_add_checks_to_retry_job', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.18.01_01_fix_finish_job_compat_issue', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.19.00_01_add_index_on_procrastinate_jobs', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.22.00_01_add_kwargs_to_defer_periodic_job', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('00.23.00_01_null_locks_excluded', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('01.00.00_01_remove_old_finish_job_function', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('01.01.01_01_job_id_bigint', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('02.00.03_01_add_job_priority', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('02.05.00_01_add_periodic_job_priority', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('02.06.00_01_add_cancel_states', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('02.08.00_01_add_additional_params_to_retry_job', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('02.14.01_01_add_indexes_for_fetch_job', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('03.00.00_01_pre_cancel_notification', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('03.00.00_50_post_cancel_notification', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('03.01.00_01_pre_add_heartbeat', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('03.01.00_50_post_add_heartbeat', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('03.02.00_01_pre_batch_defer_jobs', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('03.02.00_50_post_batch_defer_jobs', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('03.03.00_01_pre_priority_lock_fetch_job', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('03.04.00_01_pre_add_retry_failed_job_procedure', '2026-11-26 17:37:29.847909+00');
INSERT INTO public.queue_migration VALUES ('03.04.00_50_post_add_retry_failed_job_procedure', '2026-11-26 17:37:29.847909+00');

INSERT INTO public.routine VALUES ('routine', 'apply_run(bigint,bigint,integer,integer,integer,text)', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'check_node()', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'check_version()', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'delete_nodes(bigint[])', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'look_at_instances_again()', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'look_at_instances_of_authentication_again()', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'members_at(integer[],anyarray)', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'move_instances(uuid,integer,boolean,integer,integer,text,uuid[],text[],integer[],boolean[],text[],text[],json,text[],text[],text,bigint,text,text,jsonb,bigint,text,integer,text[])', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'others_are_as_planned(bigint,integer,integer,bigint,integer)', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'refuse_change_of_frozen_version()', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'refuse_change_of_release()', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'refuse_deletion_of_node()', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'refuse_frozen_on_draft()', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'refuse_thaw()', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'run_can_be_done_again(run)', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'run_goes_before(run,run)', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'run_is_held(run)', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('routine', 'run_overlaps(run,bigint,uuid,text,boolean)', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');
INSERT INTO public.routine VALUES ('view', 'member', '612fa50f464613f06908121a3203d17f0ca671b14175523e3a5a1d99c05226ff');

INSERT INTO public.run OVERRIDING SYSTEM VALUE VALUES (1, 101, 1001, NULL, 'P', true, '{}', 'done', false, 1, 0, '2026-01-01 00:00:00+00', '2026-01-01 00:00:00+00', 'UpdateNodeVersions', 'force', '2026-01-01 00:00:00+00', NULL, false, 1, NULL, NULL, NULL, NULL);
INSERT INTO public.run OVERRIDING SYSTEM VALUE VALUES (2, 101, NULL, '00000000-0000-4000-8000-000000000001', 'Support', false, '{"percent": 50}', 'interrupted', false, 0, NULL, '2026-01-02 00:00:00+00', '2026-01-02 00:01:00+00', 'UpdateSolutionInstances', 'force', '2026-01-02 00:00:00+00', 'its process has died', false, 1, NULL, NULL, NULL, NULL);
INSERT INTO public.run OVERRIDING SYSTEM VALUE VALUES (3, 101, 1001, NULL, 'P', true, '{}', 'queued', false, 0, NULL, NULL, NULL, 'UpdateNodeVersions', 'force', '2026-01-03 00:00:00+00', NULL, true, 1, '5f0c', NULL, 'key of a client', '\x0a0b');
INSERT INTO public.run OVERRIDING SYSTEM VALUE VALUES (4, 101, 1001, NULL, 'P', true, '{}', 'done', false, 0, 0, '2026-01-04 00:00:00+00', '2026-01-04 00:00:01+00', 'UpdateNodeVersions', 'impact', '2026-01-04 00:00:00+00', NULL, true, 1, NULL, '5f0c', NULL, NULL);
INSERT INTO public.run OVERRIDING SYSTEM VALUE VALUES (5, 101, NULL, NULL, '', false, '{}', 'cancelled', false, 0, NULL, '2026-01-05 00:00:00+00', '2026-01-05 00:00:01+00', 'NodeImport', 'force', '2026-01-05 00:00:00+00', 'asked to', true, 2, NULL, NULL, NULL, NULL);

INSERT INTO public.run_answer VALUES (1, 1, '\x3c612f3e');

INSERT INTO public.run_outcome VALUES (1, 1, 1003, 2, NULL, 'version');
INSERT INTO public.run_outcome VALUES (2, 1, NULL, NULL, '00000000-0000-4000-8000-000000000004', 'update');

INSERT INTO public.run_request VALUES (3, 1, '\x1f8b08');

INSERT INTO public.run_step VALUES (1, 1, 1003, 4, 'version', 1, 1, '{}', '{}', NULL, 1, false);
INSERT INTO public.run_step VALUES (1, 2, 1003, 5, 'change', 2, 1, '{1}', '{1}', '{1}', NULL, true);

INSERT INTO public.run_step_other VALUES (1, 1, 1002, 1, 1, NULL);
INSERT INTO public.run_step_other VALUES (1, 2, 1002, 1, 1, '{1}');

INSERT INTO public.sign_in_failure VALUES ('\x01', '\x02', 3, '2026-01-02 00:00:00+00');

INSERT INTO public.sign_in_network VALUES (101, '\x01', '2026-01-02 00:00:00+00');

INSERT INTO public.solution VALUES ('00000000-0000-4000-8000-000000000001', 'Support', 'Tickets', '{crm}', '[]', '{}', 1, true, '2026-01-01 00:00:00+00');

INSERT INTO public.solution_instance VALUES ('00000000-0000-4000-8000-000000000004', '00000000-0000-4000-8000-000000000001', 1, '00000000-0000-4000-8000-000000000002', 'Help desk', true, false, '2026-01-03 00:00:00+00', '2026-01-04 00:00:00+00', 0, 0, DEFAULT, 0, 0, '1970-01-01 00:00:00+00');

INSERT INTO public.solution_release VALUES ('00000000-0000-4000-8000-000000000001', 1, 'Support', '{}', 'First', 101, '2026-01-02 00:00:00+00');

INSERT INTO public.user_group VALUES (1, 'public', 'Public', '2026-11-26 00:16:46.740097+00');
INSERT INTO public.user_group VALUES (101, 'ann', 'Ann', '2026-01-01 00:00:00+00');

INSERT INTO public.user_group_member VALUES (101, 101);

INSERT INTO public.user_session VALUES ('\x07', 101, '2026-01-05 00:00:00+00', '2026-01-05 00:10:00+00');

INSERT INTO public.wizard_session VALUES ('\x08', '00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000004', '\x09', '2027-01-01 00:00:00+00');
INSERT INTO public.wizard_session VALUES ('\x09', '00000000-0000-4000-8000-000000000002', NULL, '\x09', '2027-01-01 00:00:00+00');

INSERT INTO public.workflow_instance VALUES ('00000000-0000-4000-8000-000000000005', '00000000-0000-4000-8000-000000000004', 'notify', 'key');

SELECT pg_catalog.setval('public.access_token_token_identifier_seq', 2, true);

SELECT pg_catalog.setval('public.account_user_identifier_seq', 101, false);

SELECT pg_catalog.setval('public.audit_audit_identifier_seq', 3, true);

SELECT pg_catalog.setval('public.node_node_identifier_seq', 1001, false);

SELECT pg_catalog.setval('public.permission_permission_identifier_seq', 101, true);

SELECT pg_catalog.setval('public.procrastinate_events_id_seq', 1, true);

SELECT pg_catalog.setval('public.procrastinate_jobs_id_seq', 2, true);

SELECT pg_catalog.setval('public.procrastinate_periodic_defers_id_seq', 1, true);

SELECT pg_catalog.setval('public.procrastinate_workers_id_seq', 1, true);

SELECT pg_catalog.setval('public.run_run_identifier_seq', 5, true);

SELECT pg_catalog.setval('public.user_group_user_group_identifier_seq', 101, false);

ALTER TABLE ONLY public.access_token
    ADD CONSTRAINT access_token_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.access_token
    ADD CONSTRAINT access_token_token_identifier_key UNIQUE (token_identifier);

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_own_group_identifier_key UNIQUE (own_group_identifier);

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (user_identifier);

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_user_logon_reference_key UNIQUE (user_logon_reference);

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (audit_identifier);

ALTER TABLE ONLY public.authentication
    ADD CONSTRAINT authentication_pkey PRIMARY KEY (authentication_identifier);

ALTER TABLE ONLY public.external_user
    ADD CONSTRAINT external_user_external_user_identifier_key UNIQUE (external_user_identifier);

ALTER TABLE ONLY public.external_user
    ADD CONSTRAINT external_user_pkey PRIMARY KEY (user_identifier);

ALTER TABLE ONLY public.instance_value
    ADD CONSTRAINT instance_value_pkey PRIMARY KEY (instance_identifier, slot_kind, external_identifier);

ALTER TABLE ONLY public.node
    ADD CONSTRAINT node_node_reference_key UNIQUE (node_reference);

ALTER TABLE ONLY public.node
    ADD CONSTRAINT node_pkey PRIMARY KEY (node_identifier);

ALTER TABLE ONLY public.node_version
    ADD CONSTRAINT node_version_pkey PRIMARY KEY (node_identifier, version_number);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (message_identifier);

ALTER TABLE ONLY public.permission
    ADD CONSTRAINT permission_pkey PRIMARY KEY (permission_identifier);

ALTER TABLE ONLY public.permission
    ADD CONSTRAINT permission_user_group_identifier_permission_type_node_ident_key UNIQUE NULLS NOT DISTINCT (user_group_identifier, permission_type, node_identifier);

ALTER TABLE ONLY public.procrastinate_events
    ADD CONSTRAINT procrastinate_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.procrastinate_jobs
    ADD CONSTRAINT procrastinate_jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_unique UNIQUE (task_name, periodic_id, defer_timestamp);

ALTER TABLE ONLY public.procrastinate_workers
    ADD CONSTRAINT procrastinate_workers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.queue_migration
    ADD CONSTRAINT queue_migration_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.routine
    ADD CONSTRAINT routine_pkey PRIMARY KEY (kind, signature);

ALTER TABLE ONLY public.run_answer
    ADD CONSTRAINT run_answer_pkey PRIMARY KEY (run_identifier, part);

ALTER TABLE ONLY public.run_outcome
    ADD CONSTRAINT run_outcome_pkey PRIMARY KEY (run_identifier, ordinal);

ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_pkey PRIMARY KEY (run_identifier);

ALTER TABLE ONLY public.run_request
    ADD CONSTRAINT run_request_pkey PRIMARY KEY (run_identifier, part);

ALTER TABLE ONLY public.run_step_other
    ADD CONSTRAINT run_step_other_pkey PRIMARY KEY (run_identifier, ordinal, node_identifier);

ALTER TABLE ONLY public.run_step
    ADD CONSTRAINT run_step_pkey PRIMARY KEY (run_identifier, ordinal);

ALTER TABLE ONLY public.sign_in_failure
    ADD CONSTRAINT sign_in_failure_pkey PRIMARY KEY (network, account);

ALTER TABLE ONLY public.sign_in_network
    ADD CONSTRAINT sign_in_network_pkey PRIMARY KEY (user_identifier, network);

ALTER TABLE ONLY public.solution_instance
    ADD CONSTRAINT solution_instance_pkey PRIMARY KEY (instance_identifier);

ALTER TABLE ONLY public.solution
    ADD CONSTRAINT solution_pkey PRIMARY KEY (solution_identifier);

ALTER TABLE ONLY public.solution_release
    ADD CONSTRAINT solution_release_pkey PRIMARY KEY (solution_identifier, release_number);

ALTER TABLE ONLY public.user_group_member
    ADD CONSTRAINT user_group_member_pkey PRIMARY KEY (user_identifier, user_group_identifier);

ALTER TABLE ONLY public.user_group
    ADD CONSTRAINT user_group_pkey PRIMARY KEY (user_group_identifier);

ALTER TABLE ONLY public.user_group
    ADD CONSTRAINT user_group_user_group_reference_key UNIQUE (user_group_reference);

ALTER TABLE ONLY public.user_session
    ADD CONSTRAINT user_session_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.wizard_session
    ADD CONSTRAINT wizard_session_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.workflow_instance
    ADD CONSTRAINT workflow_instance_instance_identifier_source_workflow_ident_key UNIQUE (instance_identifier, source_workflow_identifier);

ALTER TABLE ONLY public.workflow_instance
    ADD CONSTRAINT workflow_instance_pkey PRIMARY KEY (workflow_instance_identifier);

CREATE INDEX audit_at ON public.audit USING btree (at, audit_identifier);

CREATE INDEX audit_by_action ON public.audit USING btree (action, at, audit_identifier);

CREATE INDEX audit_by_user ON public.audit USING btree (user_identifier, at) WHERE (user_identifier IS NOT NULL);

CREATE INDEX audit_of_frozen ON public.audit USING btree (object_name, ((details ->> 'version'::text))) WHERE (action = 'node-frozen'::text);

CREATE INDEX audit_of_instance ON public.audit USING btree (object_name, at) WHERE (object_kind = 'instance'::text);

CREATE INDEX audit_of_user ON public.audit USING btree (object_name, at) WHERE (object_kind = ANY (ARRAY['user'::text, 'group'::text]));

CREATE INDEX authentication_of_builder ON public.authentication USING btree (created_at, authentication_identifier) WHERE (owner IS NULL);

CREATE INDEX authentication_of_owner ON public.authentication USING btree (owner, created_at, authentication_identifier);

CREATE INDEX authentication_to_announce ON public.authentication USING btree (expires_at) WHERE (expires_at IS DISTINCT FROM announced_expires_at);

CREATE INDEX external_user_by_age ON public.external_user USING btree (created_at, user_identifier);

CREATE INDEX idx_procrastinate_jobs_worker_not_null ON public.procrastinate_jobs USING btree (worker_id) WHERE ((worker_id IS NOT NULL) AND (status = 'doing'::public.procrastinate_job_status));

CREATE INDEX idx_procrastinate_workers_last_heartbeat ON public.procrastinate_workers USING btree (last_heartbeat);

CREATE INDEX instance_value_authentication ON public.instance_value USING btree (authentication_identifier);

CREATE INDEX node_version_contents ON public.node_version USING gin (targets, member_types, to_tsvector('simple'::regconfig, translate("left"(node_name, 65536), '._/@:-'::text, '      '::text)), public.words_of_values("values")) WHERE (indexed_as IS NULL);

CREATE INDEX node_version_type ON public.node_version USING btree (type_node_identifier, type_version_number);

CREATE INDEX node_words ON public.node USING gin (to_tsvector('simple'::regconfig, translate("left"((node_reference)::text, 65536), '._/@:-'::text, '      '::text)));

CREATE INDEX outbox_done ON public.outbox USING btree (COALESCE(sent_at, given_up_at)) WHERE ((sent_at IS NOT NULL) OR (given_up_at IS NOT NULL));

CREATE INDEX outbox_due ON public.outbox USING btree (due_at) WHERE ((sent_at IS NULL) AND (given_up_at IS NULL));

CREATE INDEX permission_node ON public.permission USING btree (node_identifier);

CREATE INDEX procrastinate_events_job_id_fkey_v1 ON public.procrastinate_events USING btree (job_id);

CREATE INDEX procrastinate_jobs_id_lock_idx_v1 ON public.procrastinate_jobs USING btree (id, lock) WHERE (status = ANY (ARRAY['todo'::public.procrastinate_job_status, 'doing'::public.procrastinate_job_status]));

CREATE UNIQUE INDEX procrastinate_jobs_lock_idx_v1 ON public.procrastinate_jobs USING btree (lock) WHERE (status = 'doing'::public.procrastinate_job_status);

CREATE INDEX procrastinate_jobs_priority_idx_v1 ON public.procrastinate_jobs USING btree (priority DESC, id) WHERE (status = 'todo'::public.procrastinate_job_status);

CREATE INDEX procrastinate_jobs_queue_name_idx_v1 ON public.procrastinate_jobs USING btree (queue_name);

CREATE UNIQUE INDEX procrastinate_jobs_queueing_lock_idx_v1 ON public.procrastinate_jobs USING btree (queueing_lock) WHERE (status = 'todo'::public.procrastinate_job_status);

CREATE INDEX procrastinate_periodic_defers_job_id_fkey_v1 ON public.procrastinate_periodic_defers USING btree (job_id);

CREATE INDEX run_alive ON public.run USING btree (run_identifier) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]));

CREATE INDEX run_context ON public.run USING btree (context_node_identifier, run_identifier);

CREATE INDEX run_finished ON public.run USING btree (finished_at) WHERE (finished_at IS NOT NULL);

CREATE UNIQUE INDEX run_key ON public.run USING btree (user_identifier, idempotency_key) WHERE (idempotency_key IS NOT NULL);

CREATE INDEX run_user ON public.run USING btree (user_identifier, run_identifier);

CREATE INDEX run_waiting ON public.run USING btree (run_identifier) WHERE (asynchronous AND (state = 'queued'::text));

CREATE INDEX sign_in_failure_account ON public.sign_in_failure USING btree (account);

CREATE INDEX sign_in_network_last_at ON public.sign_in_network USING btree (last_at);

CREATE INDEX solution_by_age ON public.solution USING btree (created_at, solution_identifier);

CREATE INDEX solution_instance_by_age ON public.solution_instance USING btree (created_at, instance_identifier);

CREATE INDEX solution_instance_lazy ON public.solution_instance USING btree (solution_identifier, release_number, passed_over_release, instance_identifier) WHERE (NOT held);

CREATE INDEX solution_instance_of_owner ON public.solution_instance USING btree (owner, created_at, instance_identifier);

CREATE INDEX solution_instance_of_solution ON public.solution_instance USING btree (solution_identifier, created_at, instance_identifier);

CREATE INDEX solution_instance_release ON public.solution_instance USING btree (solution_identifier, release_number);

CREATE INDEX user_session_by_user ON public.user_session USING btree (user_identifier);

CREATE INDEX user_session_last_used_at ON public.user_session USING btree (last_used_at);

CREATE INDEX wizard_session_expires_at ON public.wizard_session USING btree (expires_at);

CREATE INDEX wizard_session_instance ON public.wizard_session USING btree (instance_identifier);

CREATE INDEX wizard_session_owner ON public.wizard_session USING btree (owner);

CREATE TRIGGER authentication_changed AFTER UPDATE OF service, service_version, service_environment, scopes, expires_at ON public.authentication FOR EACH ROW EXECUTE FUNCTION public.look_at_instances_of_authentication_again();

CREATE TRIGGER checked_node BEFORE INSERT OR UPDATE OF frozen_version_number, latest_version_number ON public.node FOR EACH ROW EXECUTE FUNCTION public.check_node();

CREATE TRIGGER checked_version BEFORE INSERT OR UPDATE ON public.node_version FOR EACH ROW EXECUTE FUNCTION public.check_version();

CREATE TRIGGER deleted_with_versions BEFORE DELETE ON public.node FOR EACH ROW EXECUTE FUNCTION public.refuse_deletion_of_node();

CREATE TRIGGER frozen_on_frozen AFTER UPDATE OF frozen_version_number ON public.node FOR EACH ROW WHEN ((new.frozen_version_number > old.frozen_version_number)) EXECUTE FUNCTION public.refuse_frozen_on_draft();

CREATE TRIGGER frozen_stays_frozen BEFORE UPDATE OF frozen_version_number ON public.node FOR EACH ROW WHEN ((new.frozen_version_number < old.frozen_version_number)) EXECUTE FUNCTION public.refuse_thaw();

CREATE TRIGGER frozen_version BEFORE DELETE OR UPDATE ON public.node_version FOR EACH ROW EXECUTE FUNCTION public.refuse_change_of_frozen_version();

CREATE TRIGGER procrastinate_jobs_notify_queue_job_aborted_v1 AFTER UPDATE OF abort_requested ON public.procrastinate_jobs FOR EACH ROW WHEN (((old.abort_requested = false) AND (new.abort_requested = true) AND (new.status = 'doing'::public.procrastinate_job_status))) EXECUTE FUNCTION public.procrastinate_notify_queue_abort_job_v1();

CREATE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 AFTER INSERT ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.status = 'todo'::public.procrastinate_job_status)) EXECUTE FUNCTION public.procrastinate_notify_queue_job_inserted_v1();

CREATE TRIGGER procrastinate_trigger_abort_requested_events_v1 AFTER UPDATE OF abort_requested ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.abort_requested = true)) EXECUTE FUNCTION public.procrastinate_trigger_abort_requested_events_procedure_v1();

CREATE TRIGGER procrastinate_trigger_delete_jobs_v1 BEFORE DELETE ON public.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION public.procrastinate_unlink_periodic_defers_v1();

CREATE TRIGGER procrastinate_trigger_scheduled_events_v1 AFTER INSERT OR UPDATE ON public.procrastinate_jobs FOR EACH ROW WHEN (((new.scheduled_at IS NOT NULL) AND (new.status = 'todo'::public.procrastinate_job_status))) EXECUTE FUNCTION public.procrastinate_trigger_function_scheduled_events_v1();

CREATE TRIGGER procrastinate_trigger_status_events_insert_v1 AFTER INSERT ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.status = 'todo'::public.procrastinate_job_status)) EXECUTE FUNCTION public.procrastinate_trigger_function_status_events_insert_v1();

CREATE TRIGGER procrastinate_trigger_status_events_update_v1 AFTER UPDATE OF status ON public.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION public.procrastinate_trigger_function_status_events_update_v1();

CREATE TRIGGER published_release BEFORE UPDATE ON public.solution_release FOR EACH ROW EXECUTE FUNCTION public.refuse_change_of_release();

CREATE TRIGGER value_added AFTER INSERT ON public.instance_value REFERENCING NEW TABLE AS given FOR EACH STATEMENT EXECUTE FUNCTION public.look_at_instances_again();

CREATE TRIGGER value_changed AFTER UPDATE ON public.instance_value REFERENCING NEW TABLE AS given FOR EACH STATEMENT EXECUTE FUNCTION public.look_at_instances_again();

ALTER TABLE ONLY public.access_token
    ADD CONSTRAINT access_token_owner_fkey FOREIGN KEY (owner) REFERENCES public.external_user(user_identifier) ON DELETE CASCADE;

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_own_group_identifier_fkey FOREIGN KEY (own_group_identifier) REFERENCES public.user_group(user_group_identifier);

ALTER TABLE ONLY public.authentication
    ADD CONSTRAINT authentication_owner_fkey FOREIGN KEY (owner) REFERENCES public.external_user(user_identifier) ON DELETE CASCADE;

ALTER TABLE ONLY public.instance_value
    ADD CONSTRAINT instance_value_authentication_identifier_fkey FOREIGN KEY (authentication_identifier) REFERENCES public.authentication(authentication_identifier) ON DELETE CASCADE;

ALTER TABLE ONLY public.instance_value
    ADD CONSTRAINT instance_value_instance_identifier_fkey FOREIGN KEY (instance_identifier) REFERENCES public.solution_instance(instance_identifier) ON DELETE CASCADE;

ALTER TABLE ONLY public.node
    ADD CONSTRAINT node_owner_identifier_fkey FOREIGN KEY (owner_identifier) REFERENCES public.account(user_identifier);

ALTER TABLE ONLY public.permission
    ADD CONSTRAINT permission_node_identifier_fkey FOREIGN KEY (node_identifier) REFERENCES public.node(node_identifier);

ALTER TABLE ONLY public.permission
    ADD CONSTRAINT permission_user_group_identifier_fkey FOREIGN KEY (user_group_identifier) REFERENCES public.user_group(user_group_identifier);

ALTER TABLE ONLY public.procrastinate_events
    ADD CONSTRAINT procrastinate_events_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.procrastinate_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.procrastinate_jobs
    ADD CONSTRAINT procrastinate_jobs_worker_id_fkey FOREIGN KEY (worker_id) REFERENCES public.procrastinate_workers(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.procrastinate_jobs(id);

ALTER TABLE ONLY public.run_answer
    ADD CONSTRAINT run_answer_run_identifier_fkey FOREIGN KEY (run_identifier) REFERENCES public.run(run_identifier);

ALTER TABLE ONLY public.run_request
    ADD CONSTRAINT run_request_run_identifier_fkey FOREIGN KEY (run_identifier) REFERENCES public.run(run_identifier);

ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_solution_identifier_fkey FOREIGN KEY (solution_identifier) REFERENCES public.solution(solution_identifier);

ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_user_identifier_fkey FOREIGN KEY (user_identifier) REFERENCES public.account(user_identifier);

ALTER TABLE ONLY public.sign_in_network
    ADD CONSTRAINT sign_in_network_user_identifier_fkey FOREIGN KEY (user_identifier) REFERENCES public.account(user_identifier);

ALTER TABLE ONLY public.solution_instance
    ADD CONSTRAINT solution_instance_owner_fkey FOREIGN KEY (owner) REFERENCES public.external_user(user_identifier) ON DELETE CASCADE;

ALTER TABLE ONLY public.solution_instance
    ADD CONSTRAINT solution_instance_solution_identifier_release_number_fkey FOREIGN KEY (solution_identifier, release_number) REFERENCES public.solution_release(solution_identifier, release_number);

ALTER TABLE ONLY public.solution_release
    ADD CONSTRAINT solution_release_published_by_fkey FOREIGN KEY (published_by) REFERENCES public.account(user_identifier);

ALTER TABLE ONLY public.solution_release
    ADD CONSTRAINT solution_release_solution_identifier_fkey FOREIGN KEY (solution_identifier) REFERENCES public.solution(solution_identifier);

ALTER TABLE ONLY public.user_group_member
    ADD CONSTRAINT user_group_member_user_group_identifier_fkey FOREIGN KEY (user_group_identifier) REFERENCES public.user_group(user_group_identifier);

ALTER TABLE ONLY public.user_group_member
    ADD CONSTRAINT user_group_member_user_identifier_fkey FOREIGN KEY (user_identifier) REFERENCES public.account(user_identifier);

ALTER TABLE ONLY public.user_session
    ADD CONSTRAINT user_session_user_identifier_fkey FOREIGN KEY (user_identifier) REFERENCES public.account(user_identifier);

ALTER TABLE ONLY public.wizard_session
    ADD CONSTRAINT wizard_session_instance_identifier_fkey FOREIGN KEY (instance_identifier) REFERENCES public.solution_instance(instance_identifier) ON DELETE CASCADE;

ALTER TABLE ONLY public.wizard_session
    ADD CONSTRAINT wizard_session_owner_fkey FOREIGN KEY (owner) REFERENCES public.external_user(user_identifier) ON DELETE CASCADE;

ALTER TABLE ONLY public.workflow_instance
    ADD CONSTRAINT workflow_instance_instance_identifier_fkey FOREIGN KEY (instance_identifier) REFERENCES public.solution_instance(instance_identifier) ON DELETE CASCADE;
