-- The existing nodes that concern the document: its own nodes, those that it refers to, and the packages above its new
-- nodes. All are locked, so that none of them is changed or deleted during the import.
ANALYZE import_node, import_version, import_member;

-- The packages above each package of new nodes, up to the innermost that exists.
CREATE TEMPORARY TABLE import_above ON COMMIT DROP AS
WITH RECURSIVE above (package_reference, node_reference) AS (
  SELECT DISTINCT d.package_reference, d.package_reference
  FROM import_node d LEFT JOIN node n USING (node_reference)
  WHERE n.node_identifier IS NULL AND d.package_reference IS NOT NULL
  UNION ALL
  SELECT a.package_reference, substring(a.node_reference FROM '(.*)\.')
  FROM above a LEFT JOIN node n USING (node_reference)
  WHERE n.node_identifier IS NULL AND position('.' IN a.node_reference) > 0
)
SELECT package_reference, node_reference FROM above;

CREATE TEMPORARY TABLE import_wanted ON COMMIT DROP AS
SELECT type_reference AS node_reference, type_version AS version FROM import_version
WHERE type_reference IS NOT NULL
UNION
SELECT member_type_reference, member_type_version FROM import_member WHERE member_type_reference IS NOT NULL
UNION
SELECT target_reference, target_version FROM import_member WHERE target_reference IS NOT NULL;

ANALYZE import_above, import_wanted;

CREATE TEMPORARY TABLE import_existing ON COMMIT DROP AS
SELECT n.node_identifier, n.node_reference, n.owner_identifier, n.frozen_version_number, n.latest_version_number
FROM (SELECT DISTINCT node_reference FROM import_node) d
JOIN node n USING (node_reference)
ORDER BY n.node_identifier
FOR NO KEY UPDATE OF n;

INSERT INTO import_existing
SELECT n.node_identifier, n.node_reference, n.owner_identifier, n.frozen_version_number, n.latest_version_number
FROM (
  SELECT node_reference FROM import_wanted
  UNION
  SELECT node_reference FROM import_above
  EXCEPT
  SELECT node_reference FROM import_node
) other
JOIN node n USING (node_reference)
ORDER BY n.node_identifier
FOR KEY SHARE OF n;

ANALYZE import_existing;
