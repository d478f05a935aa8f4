-- One statement sees one moment: the items reach exactly up to `top` where nothing else cut them off. `all_actions`
-- holds the archived actions too; both halves are walked along their primary keys and merged.
-- A customer without items is one row whose `id` is null.

-- name: after
SELECT h.epoch, c."offset" AS top, c.assigned_to, a.*
FROM customers AS c
CROSS JOIN history AS h
LEFT JOIN LATERAL (
    SELECT l.id, l.customer_id, l."offset", l.kind, l.actor_id, g.name AS actor_name, l.body, l.reply_to, l.mentions,
           l.changes::text AS changes, l.version, l.command_id::text AS command_id,
           to_char(l.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at
    FROM all_actions AS l
    JOIN agents AS g ON g.id = l.actor_id
    WHERE l.customer_id = $1 AND l."offset" > $2 AND ($3::text[] IS NULL OR l.kind = ANY($3))
    ORDER BY l."offset"
    LIMIT $4
) AS a ON true
WHERE c.id = $1
ORDER BY a."offset"

-- name: before
SELECT h.epoch, c."offset" AS top, c.assigned_to, a.*
FROM customers AS c
CROSS JOIN history AS h
LEFT JOIN LATERAL (
    SELECT l.id, l.customer_id, l."offset", l.kind, l.actor_id, g.name AS actor_name, l.body, l.reply_to, l.mentions,
           l.changes::text AS changes, l.version, l.command_id::text AS command_id,
           to_char(l.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at
    FROM all_actions AS l
    JOIN agents AS g ON g.id = l.actor_id
    WHERE l.customer_id = $1 AND l."offset" < $2 AND ($3::text[] IS NULL OR l.kind = ANY($3))
    ORDER BY l."offset" DESC
    LIMIT $4
) AS a ON true
WHERE c.id = $1
ORDER BY a."offset" DESC
