-- The identifier of `system.MEMBER_TYPE_LIST`; app/system_nodes.py has the same number.
CREATE FUNCTION member_type_list() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 21;
