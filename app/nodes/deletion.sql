-- Deletes nodes with all their versions and permissions. The caller must hold the locks of `app.nodes.deletion` and
-- must have found that no other node links to these nodes.
CREATE PROCEDURE delete_nodes(nodes bigint[]) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('relink.deleting_nodes', 'on', true);
  DELETE FROM permission p WHERE p.node_identifier = ANY (nodes);
  DELETE FROM node_version v WHERE v.node_identifier = ANY (nodes);
  DELETE FROM node n WHERE n.node_identifier = ANY (nodes);
  PERFORM set_config('relink.deleting_nodes', 'off', true);
END $$;
