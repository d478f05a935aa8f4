-- name: prepare
-- The rows are consistent already: neither foreign keys nor triggers look at them one by one.
SELECT set_config('session_replication_role', 'replica', true), set_config('statement_timeout', '0', true),
       set_config('idle_in_transaction_session_timeout', '0', true)

-- name: is_empty
SELECT NOT EXISTS (SELECT FROM agents) AND NOT EXISTS (SELECT FROM customers)

-- name: count_on
SELECT setval(pg_get_serial_sequence('agents', 'id'), (SELECT max(id) FROM agents)),
       setval(pg_get_serial_sequence('customers', 'id'), (SELECT max(id) FROM customers))

-- name: analyze
ANALYZE agents, customers, customer_actions, inboxes, notices, read_marks
