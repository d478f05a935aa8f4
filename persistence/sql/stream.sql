-- name: epoch
SELECT epoch FROM history

-- name: customer_page
-- One row without an action where there is nothing after $2; none where there is no such customer.
SELECT h.epoch, c."offset" AS top, c.assigned_to, a.*, g.name AS actor_name
FROM customers AS c
CROSS JOIN history AS h
LEFT JOIN LATERAL (
    SELECT * FROM all_actions AS l
    WHERE l.customer_id = c.id AND l."offset" > $2
    ORDER BY l."offset"
    LIMIT $3
) AS a ON true
LEFT JOIN agents AS g ON g.id = a.actor_id
WHERE c.id = $1
ORDER BY a."offset"

-- name: customer_pages
-- The pages of several customers, each after an offset of its own; `place` is the place in the arrays, from 1.
SELECT w.place, h.epoch, c."offset" AS top, c.assigned_to, a.*, g.name AS actor_name
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS w (id, after, most, place)
JOIN customers AS c ON c.id = w.id
CROSS JOIN history AS h
LEFT JOIN LATERAL (
    SELECT * FROM all_actions AS l
    WHERE l.customer_id = c.id AND l."offset" > w.after
    ORDER BY l."offset"
    LIMIT w.most
) AS a ON true
LEFT JOIN agents AS g ON g.id = a.actor_id
ORDER BY w.place, a."offset"

-- name: customer_page_back
SELECT h.epoch, c."offset" AS top, c.assigned_to, a.*, g.name AS actor_name
FROM customers AS c
CROSS JOIN history AS h
LEFT JOIN LATERAL (
    SELECT * FROM all_actions AS l
    WHERE l.customer_id = c.id AND l."offset" < $2
    ORDER BY l."offset" DESC
    LIMIT $3
) AS a ON true
LEFT JOIN agents AS g ON g.id = a.actor_id
WHERE c.id = $1
ORDER BY a."offset" DESC

-- name: agent_page
SELECT h.epoch, i."offset" AS top, n."offset" AS notice_offset, n.type, n.created_at AS noticed_at, a.*,
       g.name AS actor_name
FROM inboxes AS i
CROSS JOIN history AS h
LEFT JOIN LATERAL (
    SELECT * FROM notices AS l
    WHERE l.agent_id = i.agent_id AND l."offset" > $2
    ORDER BY l."offset"
    LIMIT $3
) AS n ON true
LEFT JOIN all_actions AS a ON a.customer_id = n.customer_id AND a."offset" = n.action_offset
LEFT JOIN agents AS g ON g.id = a.actor_id
WHERE i.agent_id = $1
ORDER BY n."offset"

-- name: agent_pages
SELECT w.place, h.epoch, i."offset" AS top, n."offset" AS notice_offset, n.type, n.created_at AS noticed_at, a.*,
       g.name AS actor_name
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS w (id, after, most, place)
JOIN inboxes AS i ON i.agent_id = w.id
CROSS JOIN history AS h
LEFT JOIN LATERAL (
    SELECT * FROM notices AS l
    WHERE l.agent_id = i.agent_id AND l."offset" > w.after
    ORDER BY l."offset"
    LIMIT w.most
) AS n ON true
LEFT JOIN all_actions AS a ON a.customer_id = n.customer_id AND a."offset" = n.action_offset
LEFT JOIN agents AS g ON g.id = a.actor_id
ORDER BY w.place, n."offset"

-- name: agent_page_back
SELECT h.epoch, i."offset" AS top, n."offset" AS notice_offset, n.type, n.created_at AS noticed_at, a.*,
       g.name AS actor_name
FROM inboxes AS i
CROSS JOIN history AS h
LEFT JOIN LATERAL (
    SELECT * FROM notices AS l
    WHERE l.agent_id = i.agent_id AND l."offset" < $2
    ORDER BY l."offset" DESC
    LIMIT $3
) AS n ON true
LEFT JOIN all_actions AS a ON a.customer_id = n.customer_id AND a."offset" = n.action_offset
LEFT JOIN agents AS g ON g.id = a.actor_id
WHERE i.agent_id = $1
ORDER BY n."offset" DESC

-- name: ahead
-- The channels whose stream has more than the given offsets; one row with nulls where there are none. LIMIT keeps
-- the planner from reading a table of a million customers as a whole for the sake of some thousands.
SELECT h.epoch, b.kind, b.id, b."offset"
FROM history AS h
LEFT JOIN (
    SELECT 'customer' AS kind, c.id, c."offset"
    FROM unnest($1::bigint[], $2::bigint[]) AS w (id, "offset")
    CROSS JOIN LATERAL (SELECT k.id, k."offset" FROM customers AS k WHERE k.id = w.id LIMIT 1) AS c
    WHERE c."offset" > w."offset"
    UNION ALL
    SELECT 'agent', i.agent_id, i."offset"
    FROM unnest($3::bigint[], $4::bigint[]) AS w (id, "offset")
    CROSS JOIN LATERAL (SELECT k.agent_id, k."offset" FROM inboxes AS k WHERE k.agent_id = w.id LIMIT 1) AS i
    WHERE i."offset" > w."offset"
) AS b ON true
