-- Creates an authentication, and writes the row of the audit.
WITH created AS (
  INSERT INTO authentication (authentication_identifier, owner, name, service, service_version, service_environment,
                              scopes, data, hidden, expires_at)
  VALUES (:new_id, :owner, :name, :service, coalesce(:version, ''), coalesce(:environment, ''),
          coalesce(cast(:scopes AS text[]), ARRAY[]::text[]), :data, coalesce(:hidden, false), :expires)
  RETURNING 1
)
INSERT INTO audit ({columns}) SELECT {values} FROM created RETURNING details
