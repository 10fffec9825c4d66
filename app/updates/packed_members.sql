-- The member types and targets of the given versions, and what each of their members has: 1 for a value, 2 for a scale, 3
-- for both. `has` is empty if no member of the version has any.
SELECT v.node_identifier, v.version_number, v.member_types, v.member_type_numbers, v.targets, v.target_numbers,
       ARRAY(
         SELECT (m.value IS NOT NULL)::integer + 2 * (m.scale IS NOT NULL)::integer
         FROM unnest(v.values, v.scales) WITH ORDINALITY AS m (value, scale, position)
         ORDER BY m.position
       ) AS has
FROM unnest(%(nodes)s::bigint[], %(numbers)s::integer[]) AS w (node_identifier, version_number)
JOIN node_version v USING (node_identifier, version_number)
