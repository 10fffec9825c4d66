-- The context nodes of runs that a caller may administer. They are few, compared with the runs.
WITH context AS MATERIALIZED (
  SELECT DISTINCT context_node_identifier AS node_identifier FROM run WHERE context_node_identifier IS NOT NULL
), administered AS MATERIALIZED (
  SELECT n.node_identifier FROM context JOIN node n USING (node_identifier)
  WHERE n.node_identifier > :last_system AND (n.owner_identifier = :caller OR EXISTS (
    SELECT FROM permission p JOIN node g USING (node_identifier)
    WHERE p.user_group_identifier = ANY (:groups) AND (
      p.permission_type = 'node-administer' AND g.node_identifier = n.node_identifier
      OR p.permission_type = 'package-administer'
        AND (g.node_identifier = n.node_identifier OR starts_with(n.node_reference, g.node_reference || '.')))))
)
