-- The nodes that a version links to: its type, and the targets of its members.
SELECT n.node_identifier, n.node_reference, n.owner_identifier, true AS is_type
FROM node_version v JOIN node n ON n.node_identifier = v.type_node_identifier
WHERE v.node_identifier = :node AND v.version_number = :number
UNION
SELECT n.node_identifier, n.node_reference, n.owner_identifier, false
FROM member m JOIN node n ON n.node_identifier = m.target_node_identifier
WHERE m.node_identifier = :node AND m.version_number = :number
