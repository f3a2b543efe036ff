-- What stands in real functions.
CREATE OR REPLACE FUNCTION tally(wanted uuid, OUT total bigint, INOUT note text DEFAULT NULL)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public
AS $body$
<<outer>>
DECLARE
    first_row users%ROWTYPE;
    mail users.email%TYPE := 'none';
    n bigint NOT NULL DEFAULT 0;
    c CURSOR (low int) FOR SELECT id FROM users WHERE seats > low;
    words text[] := ARRAY['a', 'b'];
    word text;
    rec record;
    state text;
    a constant int = 3;
BEGIN
    SELECT * INTO first_row FROM users WHERE id = wanted;
    SELECT count(*), max(email) INTO STRICT n, mail FROM users;
    SELECT INTO rec id, email FROM users LIMIT 1;
    SELECT id, email INTO rec.id, rec.email FROM users;
    INSERT INTO users (email) VALUES (mail) RETURNING id INTO wanted;
    INSERT INTO users (email) SELECT email FROM old_users ON CONFLICT (email) DO UPDATE SET email = excluded.email RETURNING email INTO STRICT mail;
    UPDATE users SET email = mail WHERE id = wanted RETURNING email, id INTO mail, wanted;
    DELETE FROM users WHERE id = wanted RETURNING * INTO first_row;
    WITH gone AS (DELETE FROM users WHERE id = wanted RETURNING id) SELECT count(*) INTO n FROM gone;
    WITH kept AS (INSERT INTO users (email) VALUES ('x') RETURNING id) INSERT INTO log (id) SELECT id FROM kept RETURNING id INTO wanted;
    MERGE INTO users u USING old_users o ON u.id = o.id WHEN MATCHED THEN UPDATE SET email = o.email WHEN NOT MATCHED THEN INSERT (email) VALUES (o.email);
    VALUES (1, 'x') INTO n, mail;
    IF n > 1 THEN
        SELECT CASE WHEN n > 2 THEN 'many' ELSE 'few' END INTO note FROM (SELECT 1) AS t;
    ELSIF n = 1 THEN
        SELECT 'one' INTO note;
    ELSE
        BEGIN
            SELECT 'none' INTO STRICT note;
        EXCEPTION
            WHEN no_data_found OR too_many_rows THEN
                SELECT 'odd' INTO note;
            WHEN SQLSTATE '22012' THEN
                NULL;
            WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, note = MESSAGE_TEXT;
                RAISE;
        END;
    END IF;
    EXECUTE 'SELECT count(*) FROM users WHERE id = $1' INTO STRICT n USING wanted;
    EXECUTE format('SELECT %L, %I FROM %1$s', 'a', 'b') USING wanted, n INTO rec;
    EXECUTE $q$ UPDATE users SET note = 'it''s' $q$;
    GET DIAGNOSTICS n = ROW_COUNT;
    FOR i IN REVERSE 10..1 BY 2 LOOP
        CONTINUE WHEN i = 5;
        EXIT outer WHEN i = 3;
    END LOOP;
    FOR rec IN SELECT id FROM users ORDER BY id LOOP
        PERFORM pg_notify('users', rec.id::text);
    END LOOP;
    FOR rec IN EXECUTE 'SELECT 1' LOOP
        NULL;
    END LOOP;
    FOREACH word SLICE 0 IN ARRAY words LOOP
        words[1] := word;
        words[2] = upper(word);
    END LOOP;
    <<again>>
    WHILE n < 10 LOOP
        n := n + 1;
    END LOOP again;
    LOOP
        EXIT;
    END LOOP;
    OPEN c (low => 3);
    FETCH NEXT FROM c INTO rec;
    FETCH c INTO rec;
    MOVE FORWARD 2 FROM c;
    CLOSE c;
    CASE n
        WHEN 1, 2 THEN note := 'low';
        ELSE note := 'high';
    END CASE;
    CASE WHEN n > 1 THEN NULL; ELSE NULL; END CASE;
    ASSERT n > 0, 'n is positive';
    RAISE NOTICE 'n is %, note is %', n, note;
    RAISE EXCEPTION 'no' USING ERRCODE = 'check_violation', HINT = 'try';
    RAISE unique_violation USING MESSAGE = 'twice';
    total := n;
    RETURN;
END outer;
$body$;

CREATE OR REPLACE FUNCTION rows_of(wanted uuid) RETURNS TABLE (id uuid, email text)
LANGUAGE plpgsql STABLE AS '
BEGIN
    RETURN QUERY SELECT u.id, u.email FROM users u WHERE u.note = ''it''''s'';
    RETURN QUERY EXECUTE ''SELECT id, email FROM users WHERE id = $1'' USING wanted;
    RETURN NEXT;
    RETURN;
END';

CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS E'BEGIN\n    IF TG_OP = \'UPDATE\' THEN\n        SELECT now() INTO NEW.updated_at;\n    END IF;\n    RETURN NEW;\nEND';

-- Nothing to undo: it is only a fixture.
