-- The migrations of procrastinate that its tables here have had, by the names that it ships them under.
CREATE TABLE queue_migration (
  name text PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- What was created from the `.sql` files beside the modules, and a digest of the text of all those files: it is dropped
-- and created anew when the text has changed.
CREATE TABLE routine (
  kind text NOT NULL CHECK (kind IN ('routine', 'view')),
  signature text NOT NULL,
  files_digest text NOT NULL,
  PRIMARY KEY (kind, signature)
);
