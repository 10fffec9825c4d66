-- Whether the members of a version are so large that a process may read only a few such versions at once: more than ten
-- thousand, or more than a mebibyte of values and comments. The size of values that take little room when compressed
-- is not considered. PostgreSQL puts the expression in the place of the call, so that values are decompressed only where needed.
CREATE FUNCTION is_large_version(member_types bigint[], texts text[], comments text[]) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT cardinality(member_types) > 10000
    OR CASE WHEN coalesce(pg_column_size(texts), 0) + coalesce(pg_column_size(comments), 0) < 8192 THEN false
            ELSE coalesce(octet_length(array_to_string(texts, '')), 0)
                 + coalesce(octet_length(array_to_string(comments, '')), 0) > 1048576 END
$$;
