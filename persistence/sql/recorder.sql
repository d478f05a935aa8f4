-- name: lock_customers
-- In id order, so that two batches never wait for each other. NO KEY: read marks may still point here.
SELECT id, ref, name, email, phone, status, priority, assigned_to, archived, fields, field_versions, version,
       "offset", created_at, updated_at
FROM customers
WHERE id = ANY($1::bigint[])
ORDER BY id
FOR NO KEY UPDATE

-- name: find_replays
SELECT a.*, g.name AS actor_name
FROM unnest($1::bigint[], $2::uuid[]) AS c (actor_id, command_id)
CROSS JOIN LATERAL (
    SELECT * FROM all_actions WHERE actor_id = c.actor_id AND command_id = c.command_id
) AS a
JOIN agents AS g ON g.id = a.actor_id

-- name: customers_by_id
SELECT id, ref, name, email, phone, status, priority, assigned_to, archived, fields, field_versions, version,
       "offset", created_at, updated_at
FROM customers
WHERE id = ANY($1::bigint[])

-- name: changes_after_version
-- The latest $3 actions that changed fields after a version; readers put them in ascending order.
SELECT a.*, g.name AS actor_name
FROM all_actions AS a
JOIN agents AS g ON g.id = a.actor_id
WHERE a.customer_id = $1 AND a.version > $2
  AND a.kind NOT IN ('comment', 'comment_edited', 'comment_deleted')
ORDER BY a.version DESC
LIMIT $3

-- name: changes_after_time
SELECT a.*, g.name AS actor_name
FROM all_actions AS a
JOIN agents AS g ON g.id = a.actor_id
WHERE a.customer_id = $1 AND a.created_at > $2
  AND a.kind NOT IN ('comment', 'comment_edited', 'comment_deleted')
ORDER BY a.version DESC
LIMIT $3

-- name: actions_after_offset
SELECT a.*, g.name AS actor_name
FROM all_actions AS a
JOIN agents AS g ON g.id = a.actor_id
WHERE a.customer_id = $1 AND a."offset" > $2
ORDER BY a."offset" DESC
LIMIT $3

-- name: comment_with_history
SELECT a.*, g.name AS actor_name
FROM all_actions AS a
JOIN agents AS g ON g.id = a.actor_id
WHERE (a.customer_id = $1 AND a."offset" = $2)
   OR (a.customer_id = $1 AND a.reply_to = $2 AND a.kind IN ('comment_edited', 'comment_deleted'))
ORDER BY a."offset"

-- name: named_agents
SELECT id, username, name, role, active
FROM agents
WHERE id = ANY($1::bigint[]) OR (username = ANY($2::text[]) AND active)

-- name: insert_customer
INSERT INTO customers (
    ref, name, email, phone, status, priority, assigned_to, archived, fields, field_versions, version, "offset",
    created_at, updated_at
)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, '{}', 1, 1, now, now FROM (SELECT clock_timestamp()) AS clock (now)
RETURNING id, created_at

-- name: insert_actions
-- The offsets of customers whose fields stay as they are move in the same statement ($12, $13), and so do the read
-- marks of the actors: see record_comments. Who creates a customer has read all of it.
WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now),
moved AS (
    UPDATE customers AS c SET "offset" = m."offset"
    FROM unnest($12::bigint[], $13::bigint[]) AS m (id, "offset")
    WHERE c.id = m.id
),
own AS MATERIALIZED (
    SELECT customer_id, actor_id, min("offset") AS first, max("offset") AS last
    FROM (
        SELECT customer_id, actor_id, "offset",
               "offset" - row_number() OVER (PARTITION BY customer_id, actor_id ORDER BY "offset") AS run
        FROM unnest($1::bigint[], $2::bigint[], $4::bigint[]) AS n (customer_id, "offset", actor_id)
    ) AS numbered
    GROUP BY customer_id, actor_id, run
),
read_own AS (
    UPDATE read_marks AS r SET "offset" = o.last
    FROM own AS o
    WHERE r.agent_id = o.actor_id AND r.customer_id = o.customer_id AND r."offset" = o.first - 1
),
read_new AS (
    INSERT INTO read_marks (agent_id, customer_id, "offset")
    SELECT actor_id, customer_id, last FROM own WHERE first = 1
)
INSERT INTO customer_actions (
    customer_id, "offset", kind, actor_id, body, reply_to, mentions, changes, version, command_id,
    command_fingerprint, created_at
)
SELECT a.customer_id, a."offset", a.kind, a.actor_id, a.body, a.reply_to,
       -- arrays of arrays must be rectangular in PostgreSQL, so each list of mentions travels as JSON
       ARRAY(SELECT e::bigint FROM jsonb_array_elements_text(a.mentions) AS e),
       a.changes, a.version, a.command_id, a.command_fingerprint, clock.now
FROM unnest(
    $1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::jsonb[], $8::jsonb[],
    $9::bigint[], $10::uuid[], $11::bytea[]
) AS a (
    customer_id, "offset", kind, actor_id, body, reply_to, mentions, changes, version, command_id,
    command_fingerprint
)
CROSS JOIN clock
RETURNING id, customer_id, "offset", created_at

-- name: record_comments
-- Comments that need no evidence, in one statement that is a transaction of its own: see `persistence.comments`.
-- What is not returned was not recorded: a replay, no such customer, or one that its author may not see.
WITH wanted AS (
    SELECT *
    FROM unnest($1::bigint[], $2::bigint[], $3::boolean[], $4::text[], $5::uuid[], $6::bytea[])
        WITH ORDINALITY AS w (customer_id, actor_id, sees_all, body, command_id, command_fingerprint, place)
),
locked AS MATERIALIZED (
    SELECT id, ref, name, email, phone, status, priority, assigned_to, archived, fields, field_versions, version,
           "offset", created_at, updated_at
    FROM customers
    WHERE id = ANY($1::bigint[])
    ORDER BY id
    FOR NO KEY UPDATE
),
-- the time is taken when all locks are
clock AS MATERIALIZED (SELECT clock_timestamp() AS now FROM (SELECT count(*) FROM locked) AS all_locked),
numbered AS MATERIALIZED (
    SELECT w.*, l.version, l."offset" + row_number() OVER (PARTITION BY l.id ORDER BY w.place) AS "offset"
    FROM wanted AS w
    JOIN locked AS l ON l.id = w.customer_id
    -- as Agent.may_see
    WHERE (w.sees_all OR l.assigned_to IS NULL OR l.assigned_to = w.actor_id)
      -- OFFSET 0 keeps these lookups in the index, whatever the planner thinks of the size of the log
      AND NOT EXISTS (
          SELECT FROM all_actions AS a WHERE a.actor_id = w.actor_id AND a.command_id = w.command_id OFFSET 0
      )
),
moved AS (
    UPDATE customers AS c SET "offset" = m.top
    FROM (SELECT customer_id, max("offset") AS top FROM numbered GROUP BY customer_id) AS m
    WHERE c.id = m.customer_id
),
-- What one does oneself one has read, if one had read everything before it. Of the runs of one author that others
-- interrupt, only the first can follow the mark.
own AS MATERIALIZED (
    SELECT customer_id, actor_id, min("offset") AS first, max("offset") AS last
    FROM (
        SELECT customer_id, actor_id, "offset",
               "offset" - row_number() OVER (PARTITION BY customer_id, actor_id ORDER BY "offset") AS run
        FROM numbered
    ) AS n
    GROUP BY customer_id, actor_id, run
),
read_own AS (
    UPDATE read_marks AS r SET "offset" = o.last
    FROM own AS o
    WHERE r.agent_id = o.actor_id AND r.customer_id = o.customer_id AND r."offset" = o.first - 1
),
written AS (
    INSERT INTO customer_actions (
        customer_id, "offset", kind, actor_id, body, version, command_id, command_fingerprint, created_at
    )
    SELECT n.customer_id, n."offset", 'comment', n.actor_id, n.body, n.version, n.command_id, n.command_fingerprint,
           clock.now
    FROM numbered AS n
    CROSS JOIN clock
    RETURNING id, customer_id, "offset", created_at
)
SELECT n.place, w.id AS action_id, w.created_at AS written_at,
       l.id, l.ref, l.name, l.email, l.phone, l.status, l.priority, l.assigned_to, l.archived, l.fields,
       l.field_versions, l.version, w."offset", l.created_at, l.updated_at
FROM written AS w
JOIN numbered AS n ON n.customer_id = w.customer_id AND n."offset" = w."offset"
JOIN locked AS l ON l.id = w.customer_id

-- name: update_customer
UPDATE customers
SET ref = $2, name = $3, email = $4, phone = $5, status = $6, priority = $7, assigned_to = $8, archived = $9,
    fields = $10, field_versions = $11, version = $12, "offset" = $13, updated_at = $14
WHERE id = $1

-- name: lock_inboxes
SELECT agent_id, "offset"
FROM inboxes
WHERE agent_id = ANY($1::bigint[])
ORDER BY agent_id
FOR NO KEY UPDATE

-- name: insert_notices
WITH numbered AS (
    SELECT * FROM unnest(
        $1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::timestamptz[]
    ) AS n (agent_id, "offset", type, customer_id, action_offset, created_at)
),
moved AS (
    UPDATE inboxes AS i SET "offset" = m.top
    FROM (SELECT agent_id, max("offset") AS top FROM numbered GROUP BY agent_id) AS m
    WHERE i.agent_id = m.agent_id
)
INSERT INTO notices (agent_id, "offset", type, customer_id, action_offset, created_at)
SELECT agent_id, "offset", type, customer_id, action_offset, created_at FROM numbered
