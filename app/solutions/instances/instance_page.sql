-- A page of a list of instances with their values, the length of the list, and the size of the values. Values that are
-- too large together are left out, unless the page has a single instance.
WITH page AS MATERIALIZED (
  SELECT {identifier} AS instance_identifier FROM {table} WHERE {condition}
  ORDER BY {order} LIMIT :size OFFSET :first
), size AS MATERIALIZED (
  SELECT (SELECT count(*) FROM page) AS instances, coalesce(sum(octet_length(v.value)), 0) AS bytes
  FROM page JOIN instance_value v USING (instance_identifier)
)
SELECT (SELECT count(*) FROM {table} WHERE {condition}), size.bytes,
       CASE WHEN size.instances = 1 OR size.bytes <= :most_bytes THEN (
         {select_values} WHERE v.instance_identifier = i.instance_identifier) END,
       {columns}
FROM size
LEFT JOIN (page JOIN {with_solution} USING (instance_identifier)) ON true
ORDER BY i.created_at, i.instance_identifier
