-- The values at the given places of a version, each cut where it is too long for a pattern.
SELECT m.position, left(m.value, %(longest)s::integer)
FROM member m
WHERE m.node_identifier = %(node)s AND m.version_number = %(number)s AND m.position = ANY (%(places)s::bigint[])
ORDER BY m.position
