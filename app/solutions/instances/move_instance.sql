-- Moves an instance to a release, drops the values that no longer have a slot, stores the given ones, ends and begins its
-- workflows, and writes the row of the audit.
--
-- The procedure move_instances moves an instance in the same way. Both are needed: this statement is part of the
-- transaction of an upgrade, which takes few round trips, while the procedure commits each of many instances without a
-- round trip for each. tests/solutions/instances/test_move_alone_and_together.py compares the rows that they write.
WITH moved AS (
  UPDATE solution_instance
  SET release_number = %(release)s, moved_at = now(), pinned_at_release = coalesce(%(pinned_at)s, pinned_at_release)
  WHERE instance_identifier = %(instance)s
  RETURNING 1
), dropped AS (
  DELETE FROM instance_value
  WHERE instance_identifier = %(instance)s AND (slot_kind, external_identifier) IN (
    SELECT * FROM unnest(%(dropped_kinds)s::text[], %(dropped_ids)s::text[]))
), given AS (
  {store_values}
), ended AS (
  DELETE FROM workflow_instance
  WHERE instance_identifier = %(instance)s AND NOT source_workflow_identifier = ANY (%(workflows)s)
),
-- A workflow that stays keeps its key, and with it the URL that others know.
begun AS (
  INSERT INTO workflow_instance AS stored (instance_identifier, source_workflow_identifier, trigger_key)
  SELECT %(instance)s, * FROM unnest(%(workflows)s::text[], %(keys)s::text[])
  ON CONFLICT (instance_identifier, source_workflow_identifier)
  DO UPDATE SET trigger_key = EXCLUDED.trigger_key WHERE stored.trigger_key IS NULL
)
INSERT INTO audit ({columns}) SELECT {values} FROM moved
