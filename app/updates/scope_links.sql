SELECT m.node_identifier,
       m.member_type_node_identifier,
       m.member_type_version_number::bigint,
       m.sequence::bigint,
       m.target_node_identifier,
       m.target_version_number::bigint
FROM node n
JOIN member m
  ON m.node_identifier = n.node_identifier AND m.version_number = {examined}
WHERE {in_scope} AND m.target_node_identifier IS NOT NULL
