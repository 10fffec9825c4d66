-- The instances that may lack the value of a slot of their release that needs one.
--
-- A value is surely good if it was given for a release in which the slot accepts the same, and if the authentication
-- still fits. The other instances are judged by the program, which also knows values that are good for other reasons.
WITH used AS MATERIALIZED (
  SELECT DISTINCT solution_identifier, release_number FROM solution_instance
), slot_of_release AS MATERIALIZED (
  SELECT r.solution_identifier, r.release_number, k.kind, slot ->> 'externalId' AS external_identifier, slot,
         slot - ARRAY['title', 'defaultValue', 'hidden', 'mandatory'] AS accepts
  FROM solution_release r
  CROSS JOIN (VALUES ('auth', 'authSlots'), ('config', 'configSlots')) k (kind, list)
  CROSS JOIN LATERAL jsonb_array_elements(r.content -> k.list) slot
  WHERE r.solution_identifier IN (SELECT u.solution_identifier FROM used u)
), needed AS MATERIALIZED (
  SELECT solution_identifier, n.release_number, kind, external_identifier, n.slot,
         array_agg(alike.release_number) AS releases
  FROM slot_of_release n JOIN used USING (solution_identifier, release_number)
  JOIN slot_of_release alike USING (solution_identifier, kind, external_identifier, accepts)
  WHERE coalesce(CAST(n.slot ->> 'mandatory' AS boolean), true) AND n.slot ->> 'defaultValue' IS NULL
  GROUP BY solution_identifier, n.release_number, kind, external_identifier, n.slot
)
SELECT lacking.instance_identifier
FROM needed n JOIN solution_instance lacking USING (solution_identifier, release_number)
WHERE NOT EXISTS (
  SELECT FROM instance_value v LEFT JOIN authentication a USING (authentication_identifier)
  WHERE v.instance_identifier = lacking.instance_identifier AND v.slot_kind = n.kind
    AND v.external_identifier = n.external_identifier AND v.given_for && n.releases
    AND (n.kind = 'config' OR a.service = n.slot ->> 'service'
         AND coalesce(n.slot ->> 'serviceVersion', '') IN ('', a.service_version)
         AND coalesce(n.slot ->> 'serviceEnvironment', '') IN ('', a.service_environment)
         AND ARRAY(SELECT jsonb_array_elements_text(n.slot -> 'scopes')) <@ a.scopes
         AND (a.expires_at IS NULL OR a.expires_at > now())))
