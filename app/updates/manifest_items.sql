-- The nodes that a manifest lists, with the version that lists each: version `number` of the manifest or, if it is null,
-- both the latest and the frozen version, because the caller's rights decide which of them is used. At most `most` rows, unless it is null.
SELECT m.node_identifier, m.version_number, n.node_identifier, m.target_version_number, n.frozen_version_number,
       n.node_reference, n.owner_identifier
FROM node s
JOIN member m
  ON m.node_identifier = s.node_identifier
  AND m.version_number = ANY (ARRAY[coalesce(%(number)s::integer, s.latest_version_number),
                                    coalesce(%(number)s::integer, s.frozen_version_number)])
JOIN node n ON n.node_identifier = m.target_node_identifier
WHERE s.node_reference = %(source)s AND m.member_type_node_identifier = %(items)s
LIMIT %(most)s::bigint
