\set before random(@FROM@, @TO@)
SELECT l.id, l.customer_id, l."offset", l.kind, l.actor_id, g.name AS actor_name, l.body, l.reply_to, l.mentions, l.changes, l.version, l.command_id, l.created_at FROM all_actions AS l JOIN agents AS g ON g.id = l.actor_id WHERE l.customer_id = 1 AND l."offset" < :before ORDER BY l."offset" DESC LIMIT 100;
