-- Reads the instance that the CTE `locked` has locked, with its values. The statement reads values as of its start, and
-- the lock may come later. A trigger writes the row of the instance whenever its values or their authentications change
-- (waiting_instances.sql), so the values are read again if the locked row is not the one that was seen at the start.
SELECT locked.instance_identifier::text, locked.solution_identifier::text, locked.release_number,
       locked.latest_release_number, locked.name, locked.enabled, locked.held, locked.created_at,
       locked.owner::text, locked.version = seen.xmin AS is_fresh,
       ({held_values} WHERE v.instance_identifier = locked.instance_identifier) AS held_values,
       locked.version::text{columns}
FROM locked JOIN solution_instance seen USING (instance_identifier)
