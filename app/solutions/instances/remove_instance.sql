-- Removes an instance, and writes the row of the audit.
WITH removed AS (
  DELETE FROM solution_instance WHERE instance_identifier = :instance
  RETURNING solution_identifier, release_number, owner
)
INSERT INTO audit ({columns})
SELECT {values} || jsonb_build_object('solution', solution_identifier, 'release', release_number, 'owner', owner)
FROM removed RETURNING details
