-- The nodes whose drafts the drafts of the given nodes depend on: type, targets and member types.
WITH draft AS (
  SELECT v.node_identifier, v.version_number, v.type_node_identifier, v.type_version_number
  FROM unnest(%(nodes)s::bigint[]) AS given (node_identifier)
  JOIN node n ON n.node_identifier = given.node_identifier AND n.latest_version_number > n.frozen_version_number
  JOIN node_version v ON v.node_identifier = n.node_identifier AND v.version_number = n.latest_version_number
), needed AS (
  SELECT type_node_identifier AS node_identifier, type_version_number AS version_number FROM draft
  UNION
  SELECT m.target_node_identifier, m.target_version_number
  FROM draft d JOIN member m USING (node_identifier, version_number)
  WHERE m.target_node_identifier IS NOT NULL
  UNION
  SELECT m.member_type_node_identifier, m.member_type_version_number
  FROM draft d JOIN member m USING (node_identifier, version_number)
)
SELECT DISTINCT n.node_identifier
FROM needed JOIN node n ON n.node_identifier = needed.node_identifier
WHERE needed.version_number > n.frozen_version_number
