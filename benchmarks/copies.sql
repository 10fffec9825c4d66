-- Copies a package with all its content: {copy} is the number of the copy, {package} the reference of the package, and
-- {first} the first of its node identifiers. Links within the content lead to the copies of their targets.
SET session_replication_role = replica;
INSERT INTO node (node_identifier, node_reference, owner_identifier, frozen_version_number, latest_version_number)
SELECT node_identifier + {copy} * 10000000::bigint,
       {package} || '_' || {copy} || substr(node_reference, length({package}) + 1),
       owner_identifier, frozen_version_number, latest_version_number
FROM node WHERE node_identifier < 10000000 AND (node_reference = {package} OR starts_with(node_reference, {package} || '.'));
INSERT INTO node_version (node_identifier, version_number, type_node_identifier, type_version_number, node_name, created_by,
                          amended_by, member_types, member_type_numbers, sequences, targets, target_numbers, values,
                          indexed_as)
SELECT node_identifier + {copy} * 10000000::bigint, version_number, type_node_identifier, type_version_number, node_name,
       created_by, amended_by, member_types, member_type_numbers, sequences,
       ARRAY(SELECT target + CASE WHEN target >= {first} THEN {copy} * 10000000::bigint ELSE 0 END
             FROM unnest(targets) WITH ORDINALITY AS t (target, place) ORDER BY place),
       target_numbers, values, indexed_as
FROM node_version WHERE node_identifier < 10000000 AND node_identifier >= {first};
SET session_replication_role = origin;
