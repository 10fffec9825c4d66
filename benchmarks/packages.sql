-- Adds {packages} packages of twelve nodes: the package itself (`store.p1`), a node with two versions (`store.p1.n1`), and ten
-- nodes that are out of date, each of which links to the node before.
WITH made AS (
  SELECT {first} + 12 * package + place AS node_identifier, package, place, CASE WHEN place = 1 THEN 2 ELSE 1 END AS latest
  FROM generate_series(1, {packages}) AS package, generate_series(0, 11) AS place
), nodes AS (
  INSERT INTO node (node_identifier, node_reference, frozen_version_number, latest_version_number)
  SELECT node_identifier, 'store.p' || package || CASE WHEN place > 0 THEN '.n' || place ELSE '' END, latest, latest FROM made
)
INSERT INTO node_version (node_identifier, version_number, type_node_identifier, type_version_number, node_name,
                          member_types, member_type_numbers, sequences, targets, target_numbers)
SELECT made.node_identifier, version_number, type.node_identifier, 1, 'Node',
       CASE WHEN place > 1 THEN ARRAY[list.node_identifier] ELSE '{{}}' END,
       CASE WHEN place > 1 THEN ARRAY[1] ELSE '{{}}' END,
       CASE WHEN place > 1 THEN ARRAY[1] ELSE '{{}}' END,
       CASE WHEN place > 1 THEN ARRAY[made.node_identifier - 1] ELSE '{{}}' END,
       CASE WHEN place > 1 THEN ARRAY[1] ELSE '{{}}' END
FROM made
CROSS JOIN LATERAL generate_series(1, made.latest) AS version_number
JOIN node type ON type.node_reference = 'system.NODE_LIST_TYPE'
JOIN node list ON list.node_reference = 'system.NODE_LIST'
