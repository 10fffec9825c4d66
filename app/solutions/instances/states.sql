-- Reads the instances that the CTE `found` has read, and may have locked, with their values. The statement reads values as
-- of its start, and a lock may come later. A trigger writes the row of the instance whenever its values or their
-- authentications change (waiting_instances.sql), so the values are read again if the row found is not the one that was
-- seen at the start.
SELECT found.instance_identifier::text, found.solution_identifier::text, found.release_number,
       found.latest_release_number, found.name, found.enabled, found.held, found.created_at,
       found.owner::text, found.version = seen.xmin AS is_fresh,
       ({select_values} WHERE v.instance_identifier = found.instance_identifier) AS stored_values,
       found.version::text{columns}
FROM found JOIN solution_instance seen USING (instance_identifier)
