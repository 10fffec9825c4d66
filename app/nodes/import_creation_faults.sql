-- The new nodes that the caller may not create: the caller needs the right on the innermost package that exists. The
-- messages depend only on the document, so that they do not reveal which packages exist.
SELECT d.node_position, 0, 0, 'node_reference',
       CASE WHEN d.package_reference IS NULL THEN 'you may not create nodes outside packages'
            ELSE format('you may not create nodes in %s', d.package_reference) END
FROM import_state s
JOIN import_node d USING (node_position)
WHERE s.is_new
  AND NOT EXISTS (
    SELECT FROM import_above a
    JOIN import_existing e USING (node_reference)
    JOIN import_right r USING (node_identifier)
    WHERE a.package_reference = d.package_reference AND r.may_create)
ORDER BY d.node_position
LIMIT 100
