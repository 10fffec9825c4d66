-- An instance that could not be moved to a release is not tried again before that time. All three are about that release
-- alone: with a later one it begins anew.
ALTER TABLE solution_instance
  ADD COLUMN failed_release integer NOT NULL DEFAULT 0,
  ADD COLUMN failed_times integer NOT NULL DEFAULT 0,
  ADD COLUMN try_again_at timestamptz NOT NULL DEFAULT 'epoch';

-- A message is given up at a certain age, and forgotten some time after it was sent or given up.
ALTER TABLE outbox ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX outbox_done ON outbox (coalesce(sent_at, given_up_at)) WHERE sent_at IS NOT NULL OR given_up_at IS NOT NULL;

-- A sweep that has judged an instance by the authentication as it was holds its lock until its mark is to be seen: what is
-- waited for here is reset after that.
CREATE OR REPLACE FUNCTION look_at_instances_of_authentication_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM solution_instance i
  WHERE i.instance_identifier IN (
    SELECT v.instance_identifier FROM instance_value v
    WHERE v.authentication_identifier = NEW.authentication_identifier)
  ORDER BY i.instance_identifier FOR NO KEY UPDATE;
  UPDATE solution_instance i SET needs_input_for_release = 0
  FROM instance_value v
  WHERE v.authentication_identifier = NEW.authentication_identifier
    AND i.instance_identifier = v.instance_identifier AND i.needs_input_for_release <> 0;
  RETURN NULL;
END $$;
