-- name: create
INSERT INTO agents (username, name, role, password_hash)
VALUES ($1, $2, $3, $4)
RETURNING id, username, name, role, active

-- name: update
UPDATE agents
SET name = coalesce($2, name), role = coalesce($3, role), active = coalesce($4, active),
    password_hash = coalesce($5, password_hash), updated_at = clock_timestamp()
WHERE id = $1
RETURNING id, username, name, role, active

-- name: revoke_logins
UPDATE logins SET revoked_at = clock_timestamp() WHERE agent_id = $1 AND revoked_at IS NULL

-- name: list
SELECT id, username, name, role, active FROM agents ORDER BY id

-- name: credentials
SELECT id, username, name, role, active, password_hash FROM agents WHERE username = $1
