-- Changes an authentication, and writes the row of the audit. Absent fields keep their value.
WITH changed AS (
  UPDATE authentication
  SET name = coalesce(:name, name), service = coalesce(:service, service),
      service_version = coalesce(:version, service_version),
      service_environment = coalesce(:environment, service_environment),
      scopes = coalesce(cast(:scopes AS text[]), scopes), data = coalesce(:data, data),
      hidden = coalesce(:hidden, hidden),
      expires_at = CASE WHEN :keeps_expiry THEN expires_at ELSE cast(:expires AS timestamptz) END
  WHERE authentication_identifier = :authentication
  RETURNING 1
)
INSERT INTO audit ({columns}) SELECT {values} FROM changed RETURNING details
