-- name: patience
SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', '0', true)

-- name: lock
-- Ends with the transaction, so that it also holds through a connection pooler.
SELECT pg_advisory_xact_lock($1)

-- name: has_table
SELECT to_regclass('schema_migrations') IS NOT NULL

-- name: create_table
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)

-- name: applied
SELECT version, name, checksum FROM schema_migrations ORDER BY version

-- name: record
INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)
