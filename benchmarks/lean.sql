-- A lean store of the benchmark, filled from the real one, and a procedure that writes a new version of each of its
-- staged nodes with the same guarantees as a force: the node is taken if it has its edition, one row is written for the
-- version and one for the outcome, and each node has its own commit.
CREATE SCHEMA lean;
CREATE TABLE lean.node (id bigint PRIMARY KEY, reference text NOT NULL UNIQUE, latest integer, edition bigint)
  WITH (fillfactor = 70);
CREATE TABLE lean.version (
  id bigint, number integer, type bigint, type_number integer, name text, created timestamptz DEFAULT now(),
  member_types bigint[], member_type_numbers integer[], sequences integer[], targets bigint[], target_numbers integer[],
  PRIMARY KEY (id, number)
);
CREATE TABLE lean.outcome (ordinal integer PRIMARY KEY, id bigint, number integer, kind text);
CREATE UNLOGGED TABLE lean.step (
  ordinal integer PRIMARY KEY, id bigint, edition bigint, number integer, target_numbers integer[]
);
INSERT INTO lean.node SELECT node_identifier, node_reference, latest_version_number, edition FROM node;
INSERT INTO lean.version
SELECT node_identifier, version_number, type_node_identifier, type_version_number, node_name, created_at, member_types,
       member_type_numbers, sequences, targets, target_numbers
FROM node_version;
INSERT INTO lean.step
SELECT row_number() OVER (), n.node_identifier, n.edition, n.latest_version_number, v.target_numbers
FROM reaching JOIN node n USING (node_identifier)
JOIN node_version v ON v.node_identifier = n.node_identifier AND v.version_number = n.latest_version_number;
CREATE PROCEDURE lean.run() LANGUAGE plpgsql AS $$
DECLARE
  step record;
BEGIN
  FOR step IN SELECT * FROM lean.step ORDER BY ordinal LOOP
    UPDATE lean.node SET edition = edition + 1, latest = step.number + 1 WHERE id = step.id AND edition = step.edition;
    INSERT INTO lean.version
    SELECT id, number + 1, type, type_number, name, now(), member_types, member_type_numbers, sequences, targets,
           step.target_numbers
    FROM lean.version WHERE id = step.id AND number = step.number;
    INSERT INTO lean.outcome VALUES (step.ordinal, step.id, step.number + 1, 'version');
    COMMIT;
  END LOOP;
END $$;
