-- The tables to which the document is written by COPY. The version in a reference is text: a number or a keyword.
DROP TABLE IF EXISTS
  pg_temp.import_node, pg_temp.import_version, pg_temp.import_member, pg_temp.import_above,
  pg_temp.import_wanted, pg_temp.import_existing, pg_temp.import_right, pg_temp.import_brought,
  pg_temp.import_state, pg_temp.import_link;

CREATE TEMPORARY TABLE import_node (
  node_position integer NOT NULL,
  node_reference text COLLATE "C" NOT NULL,
  package_reference text COLLATE "C"
) ON COMMIT DROP;

CREATE TEMPORARY TABLE import_version (
  node_position integer NOT NULL,
  version_position integer NOT NULL,
  version_number integer,
  frozen boolean NOT NULL,
  node_name text NOT NULL,
  node_version_comment text,
  type_reference text COLLATE "C",
  type_version text COLLATE "C",
  members integer NOT NULL
) ON COMMIT DROP;

CREATE TEMPORARY TABLE import_member (
  node_position integer NOT NULL,
  version_position integer NOT NULL,
  member_position integer NOT NULL,
  member_type_reference text COLLATE "C",
  member_type_version text COLLATE "C",
  sequence integer NOT NULL,
  value text,
  scale double precision,
  target_reference text COLLATE "C",
  target_version text COLLATE "C",
  comment text
) ON COMMIT DROP;

CREATE TEMPORARY TABLE import_right (
  node_identifier bigint NOT NULL,
  may_read boolean NOT NULL,
  may_link boolean NOT NULL,
  may_use_type boolean NOT NULL,
  may_use_draft boolean NOT NULL,
  may_administer boolean NOT NULL,
  may_create boolean NOT NULL
) ON COMMIT DROP;
