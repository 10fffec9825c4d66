-- Gives the existing nodes their new numbers, after all members have been written, and writes a row of the audit for
-- each draft of the store that the import has frozen. New nodes were created with their numbers.
WITH finished AS (
  UPDATE node n
  SET frozen_version_number = s.frozen_after, latest_version_number = s.latest_after,
      edition = n.edition + 1
  FROM import_state s
  WHERE s.node_identifier = n.node_identifier AND s.is_written AND NOT s.is_new
)
INSERT INTO audit (at, {columns})
SELECT clock_timestamp(), {actor}, 'node', node_reference, jsonb_build_object('version', draft_before, 'by', 'import')
FROM import_state WHERE is_written AND draft_before <= frozen_after
ORDER BY node_reference
