-- The migrations of procrastinate that were applied to its tables, by the names of their files.
CREATE TABLE queue_migration (
  name text PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- The routines that were created from the `.sql` files beside the modules, with a digest of the text of all these
-- files. They are dropped and recreated when the text has changed.
CREATE TABLE routine (
  kind text NOT NULL CHECK (kind IN ('routine', 'view')),
  signature text NOT NULL,
  files_digest text NOT NULL,
  PRIMARY KEY (kind, signature)
);
