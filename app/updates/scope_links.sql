SELECT n.node_identifier,
       m.member_type,
       m.member_type_number::bigint,
       m.place,
       m.target,
       m.target_number::bigint
FROM node n
JOIN node_version v
  ON v.node_identifier = n.node_identifier AND v.version_number = {examined}
CROSS JOIN LATERAL unnest(v.member_types, v.member_type_numbers, v.targets, v.target_numbers)
  WITH ORDINALITY AS m (member_type, member_type_number, target, target_number, place)
WHERE {in_scope} AND m.target IS NOT NULL
