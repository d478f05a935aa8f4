-- 200 agents and 2,000 customers without actions.
INSERT INTO agents (id, username, name)
SELECT n, 'bench-' || n, 'Agent ' || n FROM generate_series(1, 200) AS n;
INSERT INTO customers (id, ref, name, email, status, assigned_to)
SELECT n, 'B-' || n, 'Customer ' || n, 'customer' || n || '@example.com', 'open', 1 + n % 200
FROM generate_series(1, 2000) AS n;
