-- The packages at the top with the most nodes that are out of date: that link to a node of the same package which has
-- a later version. The version that is examined is the latest one that the caller may use. OFFSET 0 keeps the planner
-- from joining each node with all nodes of its package.
SELECT counted.package, counted.nodes
FROM (
  SELECT link.package, count(DISTINCT link.from_node) AS nodes
  FROM (
    SELECT n.node_identifier AS from_node, split_part(n.node_reference, '.', 1) AS package,
           l.node_identifier, l.number
    FROM node n
    JOIN node_version v ON v.node_identifier = n.node_identifier AND v.version_number = {examined_n}
    CROSS JOIN LATERAL (
      SELECT v.type_node_identifier, v.type_version_number
      UNION ALL SELECT * FROM unnest(v.targets, v.target_numbers)
    ) AS l (node_identifier, number)
    WHERE n.node_identifier > :last_system AND l.node_identifier > :last_system AND {readable_n}
    OFFSET 0
  ) AS link
  JOIN node m USING (node_identifier)
  WHERE split_part(m.node_reference, '.', 1) = link.package AND {examined_m} > link.number AND {readable_m}
  GROUP BY link.package
) AS counted
JOIN node p ON p.node_reference = counted.package
WHERE p.node_identifier > :last_system AND {readable_p}
ORDER BY counted.nodes DESC, counted.package LIMIT :limit
