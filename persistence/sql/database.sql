-- name: position
-- How far the primary has written down what was committed, and whose history it is.
SELECT pg_current_wal_flush_lsn()::text AS position, epoch FROM history

-- name: has_replayed
-- Of a replica. Not true of a server that is none, and of one of another history.
SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= $1::text::pg_lsn
    AND EXISTS (SELECT FROM history WHERE epoch = $2)
