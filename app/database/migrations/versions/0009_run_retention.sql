-- Which runs are over, in the order of their ends: the old ones are deleted.
CREATE INDEX run_finished ON run (finished_at) WHERE finished_at IS NOT NULL;

-- Runs that died before their staged rows were removed with them.
DELETE FROM run_step s WHERE NOT EXISTS (
  SELECT FROM run r WHERE r.run_identifier = s.run_identifier AND r.state = 'running');
DELETE FROM run_source s WHERE NOT EXISTS (
  SELECT FROM run r WHERE r.run_identifier = s.run_identifier AND r.state = 'running');
