-- A published release never changes.
CREATE FUNCTION refuse_change_of_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'release % of solution % is published', OLD.release_number, OLD.solution_identifier
    USING ERRCODE = 'RL001';
END $$;
CREATE TRIGGER published_release BEFORE UPDATE ON solution_release
  FOR EACH ROW EXECUTE FUNCTION refuse_change_of_release();
