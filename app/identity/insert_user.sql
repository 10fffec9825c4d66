-- Creates a user with a group of its own, unless a user or a group has the reference.
WITH own AS (
  INSERT INTO user_group (user_group_reference, user_group_name) VALUES (:logon, :name)
  ON CONFLICT DO NOTHING
  RETURNING user_group_identifier
)
INSERT INTO account (user_logon_reference, user_name, user_email_address, password_hash, own_group_identifier)
SELECT :logon, :name, :email, :password_hash, user_group_identifier FROM own
ON CONFLICT DO NOTHING
RETURNING user_identifier
