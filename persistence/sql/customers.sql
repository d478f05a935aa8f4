-- The list. A page is put together by `persistence.listing` from the blocks up to `page_by_name`: one range for each
-- status (and assignee, and archived state) that is wanted, each a walk along one index in the order of the page,
-- merged lazily and cut at the limit. So a page reads about as many rows as it shows, wherever in the list it is.

-- name: select_by_updated
SELECT c.id, c.ref, c.name, c.email, c.phone, c.status, c.priority, c.assigned_to, c.archived, c.fields,
       c.version, c."offset", c.created_at, c.updated_at, c.updated_at AS sort_key
FROM customers AS c

-- name: select_by_name
SELECT c.id, c.ref, c.name, c.email, c.phone, c.status, c.priority, c.assigned_to, c.archived, c.fields,
       c.version, c."offset", c.created_at, c.updated_at, lower(c.name) AS sort_key
FROM customers AS c

-- name: range_of_all
WHERE c.status = :status AND c.archived = :archived

-- name: range_of_agent
WHERE c.assigned_to = :assignee AND c.status = :status AND c.archived = :archived

-- name: range_of_nobody
WHERE c.assigned_to IS NULL AND c.status = :status AND c.archived = :archived

-- name: matches
-- A search in everybody's customers is no range: all that match are found by their words, and the page is sorted out
-- of them.
WHERE c.search @@ to_tsquery('simple', :words)
  AND c.status = ANY(:statuses) AND c.archived = ANY(:archived)

-- name: only_matching
-- A search in somebody's customers walks their ranges, which end soon, however much the words would find elsewhere.
  AND c.search @@ to_tsquery('simple', :words)

-- name: only_priorities
  AND c.priority = ANY(:priorities)

-- name: only_unread
  AND c."offset" > coalesce(
      (SELECT r."offset" FROM read_marks AS r WHERE r.agent_id = :reader AND r.customer_id = c.id), 0
  )

-- name: after_by_updated_descending
  AND (c.updated_at, c.id) < (:key, :id)

-- name: after_by_updated_ascending
  AND (c.updated_at, c.id) > (:key, :id)

-- name: after_by_name_descending
  AND (lower(c.name), c.id) < (:key, :id)

-- name: after_by_name_ascending
  AND (lower(c.name), c.id) > (:key, :id)

-- name: cut_descending
ORDER BY sort_key DESC, id DESC
LIMIT :limit

-- name: cut_ascending
ORDER BY sort_key, id
LIMIT :limit

-- name: page_by_updated
-- What follows is one range, or several merged; the read marks are looked up for the rows of the page alone.
-- persistence/rows.py takes the columns in this order. Times are text, for the session's zone is UTC: to make objects of
-- them and text again costs as much as the rest of the page.
SELECT p.id, p.ref, p.name, p.email, p.phone, p.status, p.priority, p.assigned_to, p.archived, p.fields::text AS fields,
       p.version, p."offset", to_char(p.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(p.updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       p."offset" - coalesce(
           (SELECT r."offset" FROM read_marks AS r WHERE r.agent_id = :reader AND r.customer_id = p.id), 0
       ) AS unread,
       NULL AS lower_name
FROM

-- name: page_by_name
SELECT p.id, p.ref, p.name, p.email, p.phone, p.status, p.priority, p.assigned_to, p.archived, p.fields::text AS fields,
       p.version, p."offset", to_char(p.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(p.updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       p."offset" - coalesce(
           (SELECT r."offset" FROM read_marks AS r WHERE r.agent_id = :reader AND r.customer_id = p.id), 0
       ) AS unread,
       p.sort_key AS lower_name
FROM

-- name: counts_of_all
SELECT status, count(*) AS customers FROM customers WHERE NOT archived GROUP BY status

-- name: counts_of_agent
SELECT status, count(*) AS customers
FROM customers
WHERE assigned_to = $1 AND NOT archived
GROUP BY status

-- name: counts_of_nobody
SELECT status, count(*) AS customers
FROM customers
WHERE assigned_to IS NULL AND NOT archived
GROUP BY status

-- name: workload
SELECT assigned_to, status, count(*) AS customers FROM customers WHERE NOT archived GROUP BY assigned_to, status

-- name: get
SELECT id, ref, name, email, phone, status, priority, assigned_to, archived, fields, field_versions, version,
       "offset", created_at, updated_at
FROM customers
WHERE id = $1

-- name: snapshot
SELECT c.id, c.ref, c.name, c.email, c.phone, c.status, c.priority, c.assigned_to, c.archived, c.fields,
       c.field_versions, c.version, c."offset", c.created_at, c.updated_at, h.epoch
FROM customers AS c
CROSS JOIN history AS h
WHERE c.id = $1

-- name: mark_read
INSERT INTO read_marks (agent_id, customer_id, "offset")
SELECT $1, c.id, least($3, c."offset") FROM customers AS c WHERE c.id = $2
ON CONFLICT (agent_id, customer_id) DO UPDATE SET "offset" = excluded."offset"
WHERE read_marks."offset" < excluded."offset"
