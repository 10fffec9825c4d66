-- Creates the draft that is the first version of a node.
INSERT INTO node_version (node_identifier, version_number, type_node_identifier, type_version_number, node_name,
                          node_version_comment, created_by, amended_by, member_types, member_type_numbers,
                          sequences, targets, target_numbers, values, scales, comments)
VALUES (:node, 1, :type, :type_number, :name, CAST(:comment AS text), :user, :user,
        CAST(:member_types AS bigint[]), CAST(:member_type_numbers AS integer[]), CAST(:sequences AS integer[]),
        CAST(:targets AS bigint[]), CAST(:target_numbers AS integer[]), CAST(:values AS text[]),
        CAST(:scales AS double precision[]), CAST(:comments AS text[]))
