-- Freezes the drafts of nodes, and writes a row of the audit for each. The rows of drafts that were frozen because the
-- draft of another node depends on them, or as its content, name that node. The time is not that of the beginning of the
-- transaction, which may have waited until a draft was created.
WITH frozen AS (
  UPDATE node SET frozen_version_number = latest_version_number, edition = edition + 1
  WHERE node_identifier = ANY (:nodes) AND latest_version_number > frozen_version_number
  RETURNING node_identifier, node_reference, latest_version_number
)
INSERT INTO audit (at, {columns})
SELECT clock_timestamp(), {actor}, 'node', node_reference,
       jsonb_strip_nulls(jsonb_build_object(
         'version', latest_version_number,
         'with', CASE WHEN node_identifier <> :asked THEN CAST(:asked_reference AS text) END))
FROM frozen ORDER BY node_reference
