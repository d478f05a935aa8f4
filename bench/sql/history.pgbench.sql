\set before random(@FROM@, @TO@)
SELECT l.*, g.name AS actor_name FROM all_actions AS l JOIN agents AS g ON g.id = l.actor_id WHERE l.customer_id = 1 AND l."offset" < :before ORDER BY l."offset" DESC LIMIT 100;
