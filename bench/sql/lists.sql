-- :customers customers, 500 to each agent, as scattered over the table as years of work would leave them; one minute
-- lies between two of an agent. Where there are many, one agent more has 100,200 of them.
INSERT INTO agents (id, username, name)
SELECT n, 'bench-' || n, 'Agent ' || n FROM generate_series(1, greatest(30, :agents) + 1) AS n;
INSERT INTO customers (id, ref, name, email, phone, status, assigned_to, fields, version, updated_at)
SELECT n + 1, 'B-' || n, 'Customer number ' || n, 'customer' || n || '@example.com', '+1-555-' || lpad((n % 10000)::text, 4, '0'),
       'open', owner, jsonb_build_object('company', 'Company ' || n % 997), 1,
       timestamptz '2026-01-01 00:00Z' - rank * interval '1 minute'
FROM (
    SELECT n, 1 + n % :agents AS owner, n / :agents AS rank FROM generate_series(0, :customers - 1) AS n
    UNION ALL
    SELECT :customers + n, greatest(30, :agents) + 1, n FROM generate_series(0, :deep - 1) AS n
) AS plan
ORDER BY hashint8(n);
