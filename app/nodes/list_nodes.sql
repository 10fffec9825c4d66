-- A page of the nodes between two references. The walk goes from node to node on the index of references. At the last
-- level a step skips the content of a package, so that the cost of a page depends on its own nodes and not on the
-- nodes below them.
WITH RECURSIVE walk AS (
  (SELECT n.* FROM node n WHERE n.node_reference > :after AND n.node_reference < :end
   ORDER BY n.node_reference LIMIT 1)
  UNION ALL
  SELECT next.* FROM walk w CROSS JOIN LATERAL (
    SELECT n.* FROM node n
    WHERE n.node_reference < :end AND n.node_reference >
      CASE WHEN array_length(string_to_array(w.node_reference, '.'), 1) = :deepest
      THEN w.node_reference || '/' ELSE w.node_reference END
    ORDER BY n.node_reference LIMIT 1
  ) AS next
)
SELECT w.node_identifier, w.node_reference, w.owner_identifier, w.frozen_version_number, w.latest_version_number,
       w.edition
FROM walk w WHERE {readable} LIMIT :limit
