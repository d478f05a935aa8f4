-- 30 agents, and one customer with 100,000 actions.
INSERT INTO agents (id, username, name)
SELECT n, 'bench-' || n, 'Agent ' || n FROM generate_series(1, 30) AS n;
INSERT INTO customers (id, ref, name, status, version, "offset") VALUES (1, 'B-1', 'Customer 1', 'open', 1, 100000);
INSERT INTO customer_actions (
    customer_id, "offset", kind, actor_id, body, version, command_id, command_fingerprint, created_at
)
SELECT 1, n, 'comment', 1 + n % 30, repeat('ten words. ', 10), 1, gen_random_uuid(), decode(repeat('00', 32), 'hex'),
       timestamptz '2026-01-01 00:00Z' + n * interval '60.123457 seconds'
FROM generate_series(1, 100000) AS n;
