-- The table of the responses of runs gets its present name, and so do its constraints. From PostgreSQL 18 on, NOT NULL
-- is a constraint with a name too.
ALTER TABLE run_answer RENAME TO run_response;
DO $$
DECLARE
  old text;
BEGIN
  FOR old IN
    SELECT conname FROM pg_constraint
    WHERE conrelid = 'run_response'::regclass AND starts_with(conname::text, 'run_answer_')
  LOOP
    EXECUTE format('ALTER TABLE run_response RENAME CONSTRAINT %I TO %I', old,
                   replace(old, 'run_answer_', 'run_response_'));
  END LOOP;
END
$$;
