-- Removes an end user, and writes the row of the audit with how much was removed with the end user.
WITH removed AS (DELETE FROM external_user WHERE user_identifier = :user RETURNING 1)
INSERT INTO audit ({columns})
SELECT {values} || jsonb_build_object(
  'instances', (SELECT count(*) FROM solution_instance WHERE owner = :user),
  'authentications', (SELECT count(*) FROM authentication WHERE owner = :user),
  'tokens', (SELECT count(*) FROM access_token WHERE owner = :user))
FROM removed RETURNING details
