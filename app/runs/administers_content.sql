-- Whether a user owns or may administer a node in the content of a package.
SELECT EXISTS (
  SELECT FROM node n
  WHERE n.node_reference >= :lower AND n.node_reference < :upper AND n.node_identifier > :last_system
    AND (n.owner_identifier = :user OR EXISTS (
      SELECT FROM permission p
      WHERE p.node_identifier = n.node_identifier AND p.user_group_identifier = ANY (:groups)
        AND p.permission_type IN ('node-administer', 'package-administer'))))
