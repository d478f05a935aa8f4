-- name: open
-- Takes the chance to forget the agent's logins that ended long ago.
WITH forgotten AS (
    DELETE FROM logins WHERE agent_id = $1 AND expires_at < now() - interval '7 days'
)
INSERT INTO logins (agent_id, refresh_hash, expires_at)
VALUES ($1, $2, $3)
RETURNING id

-- name: find
-- The login whose current or previous refresh token this is, locked.
SELECT id, agent_id, refresh_hash = $1 AS is_current, clock_timestamp() - rotated_at < $2 AS just_rotated
FROM logins
WHERE (refresh_hash = $1 OR previous_refresh_hash = $1)
  AND revoked_at IS NULL AND expires_at > clock_timestamp()
FOR UPDATE

-- name: rotate
UPDATE logins
SET refresh_hash = $2, previous_refresh_hash = refresh_hash, rotated_at = clock_timestamp()
WHERE id = $1

-- name: revoke
UPDATE logins SET revoked_at = clock_timestamp() WHERE id = $1 AND revoked_at IS NULL

-- name: revoked_since
SELECT id FROM logins WHERE revoked_at >= $1
