-- The nodes of the steps that are staged for a run, in the order of their first steps, each with the versions that it
-- comes to link to: those that are new, and those of other nodes in the run.
WITH step AS MATERIALIZED (
  SELECT DISTINCT ON (s.node_identifier) s.*, s.version_number + (s.kind = 'version')::integer AS new_number
  FROM run_step s WHERE s.run_identifier = :run ORDER BY s.node_identifier, s.ordinal
), link AS (
  SELECT s.node_identifier, v.type_node_identifier AS target, s.type_version_number AS target_number
  FROM step s JOIN node_version v USING (node_identifier, version_number)
  WHERE v.type_version_number <> s.type_version_number OR v.type_node_identifier IN (SELECT node_identifier FROM step)
  UNION
  SELECT s.node_identifier, t.target, t.new_number
  FROM step s JOIN node_version v USING (node_identifier, version_number)
  CROSS JOIN LATERAL unnest(v.targets, v.target_numbers, coalesce(s.target_numbers, v.target_numbers))
    AS t (target, old_number, new_number)
  -- A draft that has been changed already may have lost members.
  WHERE cardinality(coalesce(s.target_numbers, v.target_numbers)) = cardinality(v.targets)
    AND (t.old_number <> t.new_number OR t.target IN (SELECT node_identifier FROM step))
)
SELECT n.node_reference, n.node_identifier, n.owner_identifier, s.version_number, v.node_name, s.kind,
       EXISTS (SELECT FROM run_outcome o WHERE o.run_identifier = :run AND o.ordinal = s.ordinal) AS done,
       (SELECT json_agg(json_build_array(m.node_identifier, m.node_reference, m.owner_identifier, l.target_number))
        FROM (SELECT * FROM link WHERE node_identifier = s.node_identifier LIMIT :most) l
        JOIN node m ON m.node_identifier = l.target) AS uses
FROM step s
JOIN node n USING (node_identifier)
JOIN node_version v USING (node_identifier, version_number)
ORDER BY s.ordinal LIMIT :most
