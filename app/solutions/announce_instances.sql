-- Writes a message about each of the given instances of a solution.
INSERT INTO outbox (event, body)
SELECT :event, jsonb_build_object(
         'solutionId', i.solution_identifier, 'releaseNumber', CAST(:release AS integer),
         'solutionInstanceId', i.instance_identifier, 'owner', i.owner)
FROM solution_instance i
WHERE i.solution_identifier = :solution AND i.instance_identifier = ANY (CAST(:instances AS uuid[]))
