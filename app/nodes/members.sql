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
