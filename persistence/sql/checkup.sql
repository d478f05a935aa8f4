-- name: facts
SELECT current_setting('server_version_num')::int AS version,
       current_setting('server_encoding') AS encoding,
       current_setting('max_connections')::int
           - current_setting('superuser_reserved_connections')::int AS connections,
       current_setting('fsync') = 'on' AS fsync,
       current_setting('synchronous_commit') <> 'off' AS synchronous_commit,
       pg_is_in_recovery() AS in_recovery,
       clock_timestamp() AS now,
       has_schema_privilege(current_schema(), 'CREATE') AS may_create

-- name: administrators
SELECT EXISTS (SELECT FROM agents WHERE role = 'admin' AND active)
