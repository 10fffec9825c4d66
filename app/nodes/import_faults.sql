-- The faults of the document, given the store: the first hundred, and all others at the place of the last. A version
-- that is already frozen in the store is only compared: its links are not checked. The queries are not materialized.
-- PostgreSQL 15 and 16 have no statistics for a materialized query, expect few rows, and would use nested loops for
-- large documents. A fault with the code `not_found` has as its reason the reference that leads to no version, and in
-- `existing` the reference of its node, if there is one.
WITH version AS NOT MATERIALIZED (
  SELECT v.node_position, v.version_position, v.version_number, v.frozen, v.node_name, v.node_version_comment,
         v.type_reference, v.type_version, v.members,
         s.is_new, s.node_identifier, s.frozen_before,
         coalesce(v.version_number > s.frozen_before, true) AS is_written
  FROM import_version v
  LEFT JOIN import_state s USING (node_position)
),
-- The versions of the document that are already frozen in the store, and must be equal to what it has.
repeated AS NOT MATERIALIZED (
  SELECT * FROM version WHERE frozen AND NOT is_written
),
stored_member AS NOT MATERIALIZED (
  SELECT r.node_position, r.version_position, m.member_type_node_identifier, m.member_type_version_number, m.sequence,
         m.value, m.scale, m.target_node_identifier, m.target_version_number, m.comment
  FROM repeated r
  JOIN member m USING (node_identifier, version_number)
),
link AS NOT MATERIALIZED (
  SELECT node_reference, version, version_number, may_link, may_use_type, shown, node_identifier,
         version_number = usable_draft AS is_draft,
         CASE WHEN version_number IS NULL THEN 'not_found' ELSE 'invalid' END AS code,
         CASE WHEN node_identifier IS NOT NULL THEN node_reference END AS existing
  FROM import_link
)
SELECT node_position, version_position, member_position, field, reason, code, existing
FROM (
  SELECT node_position, 0 AS version_position, 0 AS member_position, 'node_reference' AS field,
         CASE WHEN node_identifier IS NULL THEN 'is taken by a node that you may not change'
              ELSE 'brings new versions of a node that you may not change' END AS reason,
         'invalid' AS code, NULL AS existing
  FROM import_state
  WHERE node_position IS NOT NULL AND (node_identifier IS NULL OR is_written AND NOT may_administer)

  UNION ALL
  SELECT node_position, version_position, 0, 'node_version_number',
         CASE WHEN is_new THEN format('is %s; the first version of a new node is 1', version_number)
              ELSE format('is %s, but the node is frozen up to version %s: the next one is %s',
                          version_number, frozen_before, frozen_before + 1) END,
         'invalid', NULL
  FROM version
  WHERE version_position = 1 AND version_number > frozen_before + 1

  UNION ALL
  SELECT node_position, version_position, 0, 'frozen_indicator', format('version %s is frozen', version_number),
         'invalid', NULL
  FROM version
  WHERE NOT frozen AND NOT is_written

  UNION ALL
  SELECT v.node_position, v.version_position, 0, compared.field,
         format('version %s is frozen with %s', v.version_number, compared.difference), 'invalid', NULL
  FROM repeated v
  JOIN node_version stored USING (node_identifier, version_number)
  LEFT JOIN link t ON t.node_reference = v.type_reference AND t.version = v.type_version
  CROSS JOIN LATERAL (VALUES
    ('node_name', 'another name', v.node_name <> stored.node_name),
    ('node_version_comment', 'another comment', v.node_version_comment IS DISTINCT FROM stored.node_version_comment),
    ('node_version_reference_type', 'another type',
     (t.node_identifier, t.version_number) <> (stored.type_node_identifier, stored.type_version_number)),
    ('members', 'members that are not in this list', v.members < cardinality(stored.targets))
  ) compared (field, difference, is_different)
  WHERE compared.is_different

  UNION ALL
  SELECT v.node_position, v.version_position, m.member_position, '',
         format('version %s is frozen without this member', v.version_number), 'invalid', NULL
  FROM repeated v
  JOIN import_member m USING (node_position, version_position)
  JOIN link mt ON mt.node_reference = m.member_type_reference AND mt.version = m.member_type_version
  LEFT JOIN link t ON t.node_reference = m.target_reference AND t.version = m.target_version
  LEFT JOIN stored_member stored
    ON stored.node_position = v.node_position AND stored.version_position = v.version_position
    AND stored.member_type_node_identifier = mt.node_identifier AND stored.sequence = m.sequence
  WHERE mt.version_number IS NOT NULL AND (t.version_number IS NOT NULL OR m.target_reference IS NULL)
    AND (stored.member_type_version_number, stored.value, stored.scale,
         stored.target_node_identifier, stored.target_version_number, stored.comment)
      IS DISTINCT FROM (mt.version_number, m.value, m.scale, t.node_identifier, t.version_number, m.comment)

  UNION ALL
  SELECT v.node_position, v.version_position, 0, 'node_version_reference_type',
         CASE
           WHEN t.version_number IS NULL THEN t.shown
           WHEN v.is_written AND NOT t.may_use_type THEN format('you may not use %s as a type', t.shown)
           WHEN v.is_written AND v.frozen AND t.is_draft
             THEN format('%s is a draft, on which a frozen version cannot depend', t.shown)
         END,
         t.code, t.existing
  FROM version v
  JOIN link t ON t.node_reference = v.type_reference AND t.version = v.type_version

  UNION ALL
  SELECT v.node_position, v.version_position, m.member_position, 'node_version_reference_member_type',
         CASE
           WHEN t.version_number IS NULL THEN t.shown
           WHEN v.is_written AND v.frozen AND t.is_draft
             THEN format('%s is a draft, on which a frozen version cannot depend', t.shown)
         END,
         t.code, t.existing
  FROM version v
  JOIN import_member m USING (node_position, version_position)
  JOIN link t ON t.node_reference = m.member_type_reference AND t.version = m.member_type_version

  UNION ALL
  SELECT v.node_position, v.version_position, m.member_position, 'node_version_reference_target',
         CASE
           WHEN t.version_number IS NULL THEN t.shown
           WHEN v.is_written AND NOT t.may_link THEN format('you may not link to %s', t.shown)
           WHEN v.is_written AND v.frozen AND t.is_draft
             THEN format('%s is a draft, on which a frozen version cannot depend', t.shown)
         END,
         t.code, t.existing
  FROM version v
  JOIN import_member m USING (node_position, version_position)
  JOIN link t ON t.node_reference = m.target_reference AND t.version = m.target_version
) fault
WHERE reason IS NOT NULL
ORDER BY node_position, version_position, member_position
FETCH FIRST 100 ROWS WITH TIES
