-- Notes that a user has signed in from a network, and writes the row of the audit unless that was noted a short time ago.
WITH noted AS (
  INSERT INTO sign_in_network AS known (user_identifier, network) VALUES (:user, :network)
  ON CONFLICT (user_identifier, network) DO UPDATE SET last_at = now()
  WHERE known.last_at <= now() - make_interval(secs => :noted_every)
  RETURNING 1
)
INSERT INTO audit ({columns}) SELECT {values} FROM noted
