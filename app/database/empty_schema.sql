-- Drops everything in the current schema, except what belongs to an extension. All names are read before the first
-- object is dropped; tables come before the sequences that belong to their columns.
DO $$
DECLARE
  statement text;
BEGIN
  FOREACH statement IN ARRAY (
    SELECT coalesce(array_agg(format('DROP %s IF EXISTS %s CASCADE', kind, name) ORDER BY place), '{}')
    FROM (
      SELECT strpos('vmrpfSc', relkind::text) AS place, 'pg_class'::regclass AS catalogue, oid, oid::regclass::text AS name,
        CASE relkind
          WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE'
          WHEN 'c' THEN 'TYPE' ELSE 'TABLE'
        END AS kind
      FROM pg_class
      WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('v', 'm', 'r', 'p', 'f', 'S', 'c')
      UNION ALL
      SELECT 10, 'pg_proc'::regclass, oid, oid::regprocedure::text, 'ROUTINE'
      FROM pg_proc
      WHERE pronamespace = current_schema()::regnamespace
      UNION ALL
      SELECT 11, 'pg_type'::regclass, oid, oid::regtype::text, 'TYPE'
      FROM pg_type
      WHERE typnamespace = current_schema()::regnamespace AND typtype IN ('d', 'e', 'r')
    ) present
    WHERE NOT EXISTS (
      SELECT FROM pg_depend d WHERE d.classid = catalogue AND d.objid = present.oid AND d.deptype = 'e'
    )
  )
  LOOP
    EXECUTE statement;
  END LOOP;
END
$$;
