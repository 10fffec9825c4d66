-- The system package: fixed identifiers, version 1, frozen. `members` are the member types that a type lists;
-- `uses` says whether a member type holds a value, a scale or a target.
CREATE TEMPORARY TABLE system_node (
  identifier bigint, reference text, name text, type bigint,
  members bigint[], uses text, maximum integer, pattern text
) ON COMMIT DROP;
INSERT INTO system_node VALUES
  (1, 'system', 'System', 4, '{}', NULL, 0, NULL),
  (2, 'system.TYPE_TYPE', 'Type', 2, '{41,42,21,43,44,45,46,47}', NULL, 0, NULL),
  (3, 'system.MEMBER_TYPE_CLASS', 'Member Type', 2, '{41,42,31,32,33,34,35,36,37,48}', NULL, 0, NULL),
  (4, 'system.PACKAGE_LISTING', 'Package', 2, '{41,42}', NULL, 0, NULL),
  (5, 'system.MANIFEST_TYPE', 'Manifest', 2, '{41,42,22}', NULL, 0, NULL),
  (6, 'system.NULL', 'Null', 2, '{}', NULL, 0, NULL),
  (7, 'system.PROPERTIES', 'Properties', 4, '{}', NULL, 0, NULL),
  (8, 'system.CONSTANT_TYPE', 'Constant', 2, '{41,42}', NULL, 0, NULL),
  (9, 'system.PUBLIC_SCRIPT_TYPE', 'Script', 2, '{41,42,52}', NULL, 0, NULL),
  (10, 'system.NODE_LIST_TYPE', 'Node List', 2, '{41,42,49}', NULL, 0, NULL),
  (11, 'system.TAG_TYPE', 'Tag', 2, '{41,42}', NULL, 0, NULL),
  (12, 'system.FILE_TYPE', 'File', 2, '{41,42,51}', NULL, 0, NULL),
  (13, 'system.ACCOUNT_TYPE', 'Account', 2, '{41,42}', NULL, 0, NULL),
  (14, 'system.ALLOW_STALE_READ_TAG', 'Allow Stale Read', 11, '{}', NULL, 0, NULL),
  (21, 'system.MEMBER_TYPE_LIST', 'Member Types', 3, '{}', 'value scale target', 0, NULL),
  (22, 'system.MANIFEST_ITEMS', 'Manifest Items', 3, '{}', 'value target', 0, NULL),
  (31, 'system.USE_VALUE', 'Use Value', 3, '{}', 'value', 1, 'true|false'),
  (32, 'system.USE_SCALE', 'Use Scale', 3, '{}', 'value', 1, 'true|false'),
  (33, 'system.USE_TARGET', 'Use Target', 3, '{}', 'value', 1, 'true|false'),
  (34, 'system.MINIMUM_CARDINALITY', 'Minimum Cardinality', 3, '{}', 'value', 1, '[0-9]{1,9}'),
  (35, 'system.MAXIMUM_CARDINALITY', 'Maximum Cardinality', 3, '{}', 'value', 1, '[0-9]{1,9}'),
  (36, 'system.VALUE_PATTERN', 'Value Pattern', 3, '{}', 'value', 1, NULL),
  (37, 'system.TARGET_TYPE_LIST', 'Target Types', 3, '{}', 'target', 0, NULL),
  (41, 'system.NODE_NAME', 'Name', 3, '{}', 'value', 1, NULL),
  (42, 'system.NODE_DESCRIPTION', 'Description', 3, '{}', 'value', 1, NULL),
  (43, 'system.SET_TAGS', 'Set Tags', 3, '{}', 'target', 0, NULL),
  (44, 'system.TAB_LIST', 'Tabs', 3, '{}', 'value', 0, NULL),
  (45, 'system.DISPLAY_PROPERTIES', 'Display Properties', 3, '{}', 'value target', 0, NULL),
  (46, 'system.TYPE_NODE_CONTROLLER_CLASS', 'Controller Class', 3, '{}', 'value', 1, NULL),
  (47, 'system.TYPE_DERIVATION_SCRIPT', 'Type Derivation Script', 3, '{}', 'value target', 1, NULL),
  (48, 'system.MEMBER_TYPE_DERIVATION_SCRIPT', 'Member Type Derivation Script', 3, '{}', 'value target', 1, NULL),
  (49, 'system.NODE_LIST', 'Nodes', 3, '{}', 'target', 0, NULL),
  (50, 'system.TAG_LIST', 'Tags', 3, '{}', 'target', 0, NULL),
  (51, 'system.FILE_STORAGE_KEY', 'File Storage Key', 3, '{}', 'value', 1, NULL),
  (52, 'system.NODE_SCRIPT', 'Script', 3, '{}', 'value', 1, NULL),
  (53, 'system.NODE_DATA', 'Data', 3, '{}', 'value', 1, NULL),
  (54, 'system.NODE_ERROR', 'Error', 3, '{}', 'value', 1, NULL),
  (55, 'system.HOME_NODE', 'Home Node', 3, '{}', 'target', 1, NULL),
  (56, 'system.INHERIT_FROM', 'Inherit From', 3, '{}', 'target', 0, NULL),
  (57, 'system.DO_NOT_INHERIT', 'Do Not Inherit', 3, '{}', 'target', 0, NULL),
  (58, 'system.INSTANCE_DERIVATION_SCRIPT', 'Instance Derivation Script', 3, '{}', 'value', 1, NULL);

INSERT INTO user_group (user_group_identifier, user_group_reference, user_group_name)
VALUES (1, 'public', 'Public');

INSERT INTO node (node_identifier, node_reference) SELECT identifier, reference FROM system_node;
-- The members of each node: a type lists member types, a member type has rules.
CREATE TEMPORARY TABLE system_member ON COMMIT DROP AS
SELECT type.identifier, list.identifier AS member_type, listed.sequence, lower(listed_node.name) AS value,
       listed.identifier AS target
FROM system_node type
JOIN system_node list ON list.reference = 'system.MEMBER_TYPE_LIST'
CROSS JOIN unnest(type.members) WITH ORDINALITY AS listed (identifier, sequence)
JOIN system_node listed_node ON listed_node.identifier = listed.identifier
UNION ALL
SELECT s.identifier, member_type.identifier, 1, rule.value, NULL
FROM system_node s
CROSS JOIN LATERAL (VALUES
  ('system.USE_VALUE', (s.uses LIKE '%value%')::text),
  ('system.USE_SCALE', (s.uses LIKE '%scale%')::text),
  ('system.USE_TARGET', (s.uses LIKE '%target%')::text),
  ('system.MAXIMUM_CARDINALITY', s.maximum::text),
  ('system.VALUE_PATTERN', s.pattern)
) AS rule (member_type, value)
JOIN system_node member_type ON member_type.reference = rule.member_type
WHERE s.uses IS NOT NULL AND rule.value IS NOT NULL;

INSERT INTO node_version (node_identifier, version_number, type_node_identifier, type_version_number, node_name,
                          member_types, member_type_numbers, sequences, targets, target_numbers, values)
SELECT s.identifier, 1, s.type, 1, s.name,
       coalesce(array_agg(m.member_type ORDER BY m.member_type, m.sequence) FILTER (WHERE m.sequence > 0), '{}'),
       array_fill(1, ARRAY[count(m.sequence)::integer]),
       coalesce(array_agg(m.sequence ORDER BY m.member_type, m.sequence) FILTER (WHERE m.sequence > 0), '{}'),
       coalesce(array_agg(m.target ORDER BY m.member_type, m.sequence) FILTER (WHERE m.sequence > 0), '{}'),
       coalesce(array_agg(CASE WHEN m.target IS NOT NULL THEN 1 END ORDER BY m.member_type, m.sequence)
                FILTER (WHERE m.sequence > 0), '{}'),
       array_agg(m.value ORDER BY m.member_type, m.sequence) FILTER (WHERE m.sequence > 0)
FROM system_node s
LEFT JOIN system_member m USING (identifier)
GROUP BY s.identifier, s.type, s.name;

UPDATE node SET frozen_version_number = 1;

-- Everyone may use the system's types and link to its nodes.
INSERT INTO permission (permission_type, user_group_identifier, node_identifier) VALUES ('package-link', 1, 1);
