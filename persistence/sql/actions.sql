-- One statement sees one moment: the items reach exactly up to `top` where nothing else cut them off. `all_actions`
-- holds the archived actions too; both halves are walked along their primary keys and merged.
--
-- The page is one row. `cells` are the values of all its items, one after the other, as JSON writes them and in the order
-- of persistence/rows.py, with tabs between: JSON has none within a value. None of the values may be NULL, which
-- concat_ws would leave out. Times are as to_json has them in the session's zone, which is UTC: to_char costs a sixth of
-- the page more. `actors` are the ids of its few actors, each followed by what is shown of it: to join them
-- to a hundred rows costs more. Without items both are null.

-- name: after
SELECT h.epoch, c."offset" AS top, c.assigned_to, p.cells, (
    SELECT convert_to(
        string_agg(concat(g.id, E'\t{"id":', g.id, ',"name":', to_json(g.name), '}'), E'\t'), 'UTF8'
    )
    FROM agents AS g
    WHERE g.id = ANY(p.actors)
) AS actors
FROM customers AS c
CROSS JOIN history AS h
CROSS JOIN LATERAL (
    SELECT array_agg(l.actor_id) AS actors, convert_to(
        string_agg(
            concat_ws(
                E'\t', l.id, l."offset", l.kind, l.actor_id, coalesce(to_json(l.body), 'null'),
                CASE
                    WHEN l.reply_to IS NULL AND cardinality(l.mentions) = 0 THEN 'null,"mentions":[]'
                    ELSE concat(coalesce(to_json(l.reply_to), 'null'), ',"mentions":', to_json(l.mentions))
                END,
                l.changes, l.version, l.command_id, to_json(l.created_at)
            ),
            E'\t'
        ),
        'UTF8'
    ) AS cells
    FROM (
        SELECT *
        FROM all_actions AS a
        WHERE a.customer_id = $1 AND a."offset" > $2 AND ($3::text[] IS NULL OR a.kind = ANY($3))
        ORDER BY a."offset"
        LIMIT $4
    ) AS l
) AS p
WHERE c.id = $1
