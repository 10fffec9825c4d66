-- Freezes versions, after all members have been written. A new node with one draft needs no change.
UPDATE node n
SET frozen_version_number = s.frozen_after, latest_version_number = s.latest_after,
    edition = n.edition + (NOT s.is_new)::integer
FROM import_state s
WHERE s.node_identifier = n.node_identifier AND s.is_written
  AND NOT (s.is_new AND s.frozen_after = 0 AND s.latest_after = 1)
