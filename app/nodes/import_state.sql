-- The nodes of the document and those that it refers to, as they are before and after the import.
ANALYZE import_right;

CREATE TEMPORARY TABLE import_brought ON COMMIT DROP AS
SELECT d.node_reference, d.node_position,
       max(v.version_number) FILTER (WHERE v.frozen) AS frozen,
       max(v.version_number) AS latest
FROM (
  SELECT node_reference, min(node_position) AS node_position FROM import_node GROUP BY node_reference
) d
LEFT JOIN import_version v USING (node_position)
GROUP BY d.node_reference, d.node_position;

ANALYZE import_brought;

-- All columns of a node that the caller may not read are null, even its identifier.
CREATE TEMPORARY TABLE import_state ON COMMIT DROP AS
SELECT e.node_reference,
       b.node_position,                                        -- null if it is not in the document
       false AS is_new,
       seen.node_identifier,
       seen.frozen_version_number AS frozen_before,
       CASE WHEN seen.latest_version_number > seen.frozen_version_number
            THEN seen.latest_version_number END AS draft_before,
       greatest(seen.frozen_version_number, b.frozen) AS frozen_after,
       greatest(seen.latest_version_number, b.latest) AS latest_after,
       coalesce(b.latest > seen.frozen_version_number, false) AS is_written,
       r.may_link, r.may_use_type, r.may_use_draft, r.may_administer
FROM import_existing e
JOIN import_right r USING (node_identifier)
LEFT JOIN import_existing seen ON seen.node_identifier = e.node_identifier AND r.may_read
LEFT JOIN import_brought b ON b.node_reference = e.node_reference;

-- New nodes in the order of the document, after the packages that must be created for them.
INSERT INTO import_state
SELECT fresh.node_reference, fresh.node_position, true,
       nextval(pg_get_serial_sequence('node', 'node_identifier')),
       0, NULL, coalesce(fresh.frozen, 0), coalesce(fresh.latest, 1), true, true, true, true, true
FROM (
  SELECT node_reference, b.node_position, b.frozen, b.latest
  FROM (SELECT node_reference FROM import_brought UNION SELECT node_reference FROM import_above) needed
  LEFT JOIN import_brought b USING (node_reference)
  WHERE NOT EXISTS (SELECT FROM import_existing e WHERE e.node_reference = needed.node_reference)
  ORDER BY b.node_position NULLS FIRST, node_reference
) fresh;

ANALYZE import_state;

-- Each version reference of the document with the version that it refers to after the import.
CREATE TEMPORARY TABLE import_link ON COMMIT DROP AS
SELECT node_reference, version, node_reference || '.' || version AS shown, node_identifier,
       CASE version
         WHEN '$latest' THEN coalesce(usable_draft, current)
         WHEN '$current' THEN current
         WHEN '$draft' THEN usable_draft
         WHEN '$best' THEN coalesce(current, usable_draft)
         ELSE (SELECT number WHERE number <= current OR number = usable_draft)
       END AS version_number,
       usable_draft, may_link, may_use_type
FROM (
  SELECT w.node_reference, w.version, s.node_identifier, s.may_link, s.may_use_type,
         CASE WHEN w.version NOT LIKE '$%' THEN w.version::integer END AS number,
         nullif(s.frozen_after, 0) AS current,
         CASE WHEN s.latest_after > s.frozen_after AND s.may_use_draft THEN s.latest_after END AS usable_draft
  FROM import_wanted w
  LEFT JOIN import_state s ON s.node_reference = w.node_reference AND s.node_identifier IS NOT NULL
) wanted;

ANALYZE import_link;
