-- The members of versions as rows. `position` is the index in the arrays, from 1. The view is fast if the versions are
-- given. For where-used queries, find the versions by the index of contents first, as where_used.sql does.
CREATE VIEW member AS
SELECT v.node_identifier, v.version_number, m.position, m.member_type_node_identifier, m.member_type_version_number,
       m.sequence, m.value, m.scale, m.target_node_identifier, m.target_version_number, m.comment
FROM node_version v
CROSS JOIN LATERAL unnest(
  v.member_types, v.member_type_numbers, v.sequences, v.values, v.scales, v.targets, v.target_numbers, v.comments
) WITH ORDINALITY AS m (
  member_type_node_identifier, member_type_version_number, sequence, value, scale, target_node_identifier,
  target_version_number, comment, position
);

-- The versions that a version depends on: its type, the targets of its members and their types, with duplicates. A
-- member without a target is a row of NULL.
CREATE VIEW dependency AS
SELECT v.node_identifier, v.version_number, d.on_node_identifier, d.on_version_number
FROM node_version v
CROSS JOIN LATERAL (
  SELECT v.type_node_identifier, v.type_version_number
  UNION ALL
  SELECT * FROM unnest(v.targets, v.target_numbers)
  UNION ALL
  SELECT * FROM unnest(v.member_types, v.member_type_numbers)
) AS d (on_node_identifier, on_version_number);
