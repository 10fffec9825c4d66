-- Those of the given nodes that are in the source package.
SELECT n.node_identifier,
       n.latest_version_number::bigint,
       n.frozen_version_number::bigint,
       coalesce(n.owner_identifier, 0),
       n.edition
FROM node n
WHERE n.node_identifier = ANY ({nodes}) AND {in_source}
