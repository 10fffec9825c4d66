-- The first hundred nodes that are in the document twice, with the position of the other one.
SELECT d.node_position, 'is given twice: {other} is the same node', s.node_position
FROM import_node d JOIN import_state s USING (node_reference)
WHERE d.node_position > s.node_position
ORDER BY d.node_position
LIMIT 100
