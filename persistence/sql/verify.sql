-- Each block finds what breaks a law, as sentences; $1 is how many at most. They run in one snapshot.

-- name: patience
SELECT set_config('statement_timeout', '0', true), set_config('jit', 'off', true)

-- name: epoch
SELECT format('the table history has %s rows, of which %s name an epoch', count(*), count(nullif(epoch, '')))
FROM history
HAVING count(*) <> 1 OR count(nullif(epoch, '')) <> 1
LIMIT $1

-- name: offsets
SELECT format(
    'customer %s has %s actions, numbered from %s to %s, and says %s',
    coalesce(c.id, l.customer_id), coalesce(l.actions, 0), coalesce(l.first, 0), coalesce(l.last, 0),
    coalesce(c."offset"::text, 'nothing: it does not exist')
)
FROM customers AS c
FULL JOIN (
    SELECT customer_id, count(*) AS actions, min("offset") AS first, max("offset") AS last
    FROM all_actions
    GROUP BY customer_id
) AS l ON l.customer_id = c.id
WHERE (l.first = 1 AND l.last = l.actions AND l.last = c."offset") IS NOT true
LIMIT $1

-- name: halves
SELECT format('action %s of customer %s is in the live and in the archived half', a."offset", a.customer_id)
FROM customer_actions_archive AS a
JOIN customer_actions AS l ON l.customer_id = a.customer_id AND l."offset" = a."offset"
LIMIT $1

-- name: versions
SELECT format(
    'action %s of customer %s has version %s after %s changes of fields',
    "offset", customer_id, version, changes
)
FROM (
    SELECT customer_id, "offset", version,
           count(*) FILTER (WHERE kind NOT IN ('comment', 'comment_edited', 'comment_deleted'))
               OVER (PARTITION BY customer_id ORDER BY "offset") AS changes
    FROM all_actions
) AS numbered
WHERE version <> changes
LIMIT $1

-- name: latest_versions
SELECT format(
    'customer %s says version %s, changed at %s; its log says version %s, changed at %s',
    c.id, c.version, c.updated_at, l.version, l.created_at
)
FROM customers AS c
LEFT JOIN LATERAL (
    SELECT version, created_at
    FROM all_actions
    WHERE customer_id = c.id AND kind NOT IN ('comment', 'comment_edited', 'comment_deleted')
    ORDER BY version DESC
    LIMIT 1
) AS l ON true
WHERE (c.version = l.version AND c.updated_at = l.created_at) IS NOT true
LIMIT $1

-- name: field_versions
WITH changed AS (
    SELECT a.customer_id, f.name, max(a.version) AS version
    FROM all_actions AS a
    CROSS JOIN jsonb_object_keys(a.changes) AS f (name)
    WHERE a.kind <> 'created'
    GROUP BY a.customer_id, f.name
),
expected AS (
    SELECT customer_id, jsonb_object_agg(name, version) AS field_versions FROM changed GROUP BY customer_id
)
SELECT format(
    'customer %s says %s, and its log says %s', c.id, c.field_versions, coalesce(e.field_versions, '{}')
)
FROM customers AS c
LEFT JOIN expected AS e ON e.customer_id = c.id
WHERE c.field_versions <> coalesce(e.field_versions, '{}')
LIMIT $1

-- name: changes
-- Each change starts from what the one before it left: no update was lost.
SELECT format(
    'action %s of customer %s changes %s from %s, which was %s', "offset", customer_id, name, stated, actual
)
FROM (
    SELECT a.customer_id, a."offset", f.name, coalesce(f.change -> 'from', 'null') AS stated,
           coalesce(
               lag(f.change -> 'to') OVER (PARTITION BY a.customer_id, f.name ORDER BY a."offset"),
               CASE WHEN a.kind <> 'created' THEN $2::jsonb -> f.name END,
               'null'
           ) AS actual
    FROM all_actions AS a
    CROSS JOIN jsonb_each(a.changes) AS f (name, change)
) AS chained
WHERE stated <> actual
LIMIT $1

-- name: states
-- The log, replayed, gives the customer.
WITH replayed AS (
    SELECT a.customer_id, jsonb_object_agg(f.name, f.change -> 'to' ORDER BY a."offset") AS state
    FROM all_actions AS a
    CROSS JOIN jsonb_each(a.changes) AS f (name, change)
    GROUP BY a.customer_id
),
stated AS (
    SELECT c.id, jsonb_build_object(
        'ref', c.ref, 'name', c.name, 'email', c.email, 'phone', c.phone, 'status', c.status,
        'priority', c.priority, 'assigned_to', c.assigned_to, 'archived', c.archived
    ) || coalesce(
        (SELECT jsonb_object_agg('fields.' || f.key, f.value) FROM jsonb_each(c.fields) AS f), '{}'
    ) AS state
    FROM customers AS c
)
SELECT format(
    'customer %s is %s, and its log says %s', s.id, jsonb_strip_nulls(s.state),
    jsonb_strip_nulls($2::jsonb || coalesce(r.state, '{}'))
)
FROM stated AS s
LEFT JOIN replayed AS r ON r.customer_id = s.id
WHERE jsonb_strip_nulls(s.state) <> jsonb_strip_nulls($2::jsonb || coalesce(r.state, '{}'))
LIMIT $1

-- name: commands
-- Within each half a constraint sees to it.
SELECT format('command %s of agent %s was recorded twice', a.command_id, a.actor_id)
FROM customer_actions_archive AS a
JOIN customer_actions AS l ON l.actor_id = a.actor_id AND l.command_id = a.command_id
LIMIT $1

-- name: references
SELECT format(
    'action %s of customer %s (%s) refers to %s, which is no earlier comment',
    a."offset", a.customer_id, a.kind, coalesce(a.reply_to::text, 'nothing')
)
FROM all_actions AS a
LEFT JOIN all_actions AS c ON c.customer_id = a.customer_id AND c."offset" = a.reply_to
WHERE (a.reply_to IS NOT NULL OR a.kind IN ('comment_edited', 'comment_deleted'))
  AND (c.kind = 'comment' AND c."offset" < a."offset") IS NOT true
LIMIT $1

-- name: inboxes
SELECT format(
    'agent %s has %s notices, numbered from %s to %s; its inbox says %s, read up to %s',
    g.id, coalesce(n.notices, 0), coalesce(n.first, 0), coalesce(n.last, 0), coalesce(i."offset"::text, 'nothing'),
    i.read_offset
)
FROM agents AS g
LEFT JOIN inboxes AS i ON i.agent_id = g.id
LEFT JOIN (
    SELECT agent_id, count(*) AS notices, min("offset") AS first, max("offset") AS last
    FROM notices
    GROUP BY agent_id
) AS n ON n.agent_id = g.id
WHERE (
    coalesce(n.notices, 0) = i."offset" AND coalesce(n.last, 0) = i."offset" AND coalesce(n.first, 1) = 1
    AND i.read_offset BETWEEN 0 AND i."offset"
) IS NOT true
LIMIT $1

-- name: notices
SELECT format(
    'notice %s of agent %s is about action %s of customer %s, which does not exist',
    n."offset", n.agent_id, n.action_offset, n.customer_id
)
FROM notices AS n
LEFT JOIN all_actions AS a ON a.customer_id = n.customer_id AND a."offset" = n.action_offset
WHERE a.customer_id IS NULL
LIMIT $1

-- name: read_marks
SELECT format(
    'agent %s has read customer %s up to %s of %s', m.agent_id, m.customer_id, m."offset", c."offset"
)
FROM read_marks AS m
JOIN customers AS c ON c.id = m.customer_id
WHERE m."offset" NOT BETWEEN 0 AND c."offset"
LIMIT $1
