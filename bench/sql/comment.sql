-- A comment as one function call: what the writer does for it, with nothing around. pgbench calls this.
CREATE FUNCTION bench_comment(customer bigint, agent bigint, words text, command uuid) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    top bigint;
    state bigint;
BEGIN
    SELECT "offset", version INTO STRICT top, state FROM customers WHERE id = customer FOR UPDATE;
    IF EXISTS (SELECT FROM customer_actions WHERE actor_id = agent AND command_id = command) THEN
        RAISE EXCEPTION 'a retry';
    END IF;
    INSERT INTO customer_actions (
        customer_id, "offset", kind, actor_id, body, version, command_id, command_fingerprint, created_at
    ) VALUES (
        customer, top + 1, 'comment', agent, words, state, command, decode(repeat('00', 32), 'hex'), clock_timestamp()
    );
    UPDATE customers SET "offset" = top + 1 WHERE id = customer;
    RETURN top + 1;
END $$;
