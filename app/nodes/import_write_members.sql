INSERT INTO member (node_identifier, version_number, member_type_node_identifier, sequence,
                    member_type_version_number, value, scale,
                    target_node_identifier, target_version_number, comment)
SELECT s.node_identifier, v.version_number, mt.node_identifier, m.sequence, mt.version_number, m.value, m.scale,
       t.node_identifier, t.version_number, m.comment
FROM import_member m
JOIN import_version v USING (node_position, version_position)
JOIN import_state s USING (node_position)
JOIN import_link mt ON mt.node_reference = m.member_type_reference AND mt.version = m.member_type_version
LEFT JOIN import_link t ON t.node_reference = m.target_reference AND t.version = m.target_version
WHERE m.ordinal BETWEEN %(first)s AND %(last)s AND v.version_number > s.frozen_before
ORDER BY m.ordinal
