-- One statement sees one moment; an inbox without items is one row whose `notice_offset` is null.

-- name: after
SELECT h.epoch, i."offset" AS top, i.read_offset, n.*
FROM inboxes AS i
CROSS JOIN history AS h
LEFT JOIN LATERAL (
    SELECT m."offset" AS notice_offset, m.type AS notice_type, m.created_at AS noticed_at, l.*, g.name AS actor_name,
           c.name AS customer_name, c.assigned_to AS customer_assigned_to
    FROM notices AS m
    JOIN all_actions AS l ON l.customer_id = m.customer_id AND l."offset" = m.action_offset
    JOIN agents AS g ON g.id = l.actor_id
    JOIN customers AS c ON c.id = m.customer_id
    WHERE m.agent_id = $1 AND m."offset" > $2
    ORDER BY m."offset"
    LIMIT $3
) AS n ON true
WHERE i.agent_id = $1
ORDER BY n.notice_offset

-- name: before
SELECT h.epoch, i."offset" AS top, i.read_offset, n.*
FROM inboxes AS i
CROSS JOIN history AS h
LEFT JOIN LATERAL (
    SELECT m."offset" AS notice_offset, m.type AS notice_type, m.created_at AS noticed_at, l.*, g.name AS actor_name,
           c.name AS customer_name, c.assigned_to AS customer_assigned_to
    FROM notices AS m
    JOIN all_actions AS l ON l.customer_id = m.customer_id AND l."offset" = m.action_offset
    JOIN agents AS g ON g.id = l.actor_id
    JOIN customers AS c ON c.id = m.customer_id
    WHERE m.agent_id = $1 AND m."offset" < $2
    ORDER BY m."offset" DESC
    LIMIT $3
) AS n ON true
WHERE i.agent_id = $1
ORDER BY n.notice_offset DESC

-- name: mark_read
UPDATE inboxes
SET read_offset = least($2, "offset")
WHERE agent_id = $1 AND read_offset < least($2, "offset")
