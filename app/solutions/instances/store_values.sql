-- Stores values in slots of an instance and replaces the values that they have.
INSERT INTO instance_value (instance_identifier, slot_kind, external_identifier, value,
                            authentication_identifier, given_for)
SELECT %(instance)s::uuid, v.kind, v.external_id, v.value, v.authentication, v.given_for
FROM json_to_recordset(%(given)s::json)
  AS v (kind text, external_id text, value text, authentication uuid, given_for integer[])
ON CONFLICT (instance_identifier, slot_kind, external_identifier)
DO UPDATE SET value = EXCLUDED.value, authentication_identifier = EXCLUDED.authentication_identifier,
              given_for = EXCLUDED.given_for
