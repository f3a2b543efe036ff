CREATE OR REPLACE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE OR REPLACE FUNCTION thrice(n int) RETURNS int LANGUAGE sql IMMUTABLE RETURN n * 3;
CREATE OR REPLACE FUNCTION seats(w uuid) RETURNS bigint
BEGIN ATOMIC
    SELECT CASE WHEN count(*) > 1 THEN count(*) ELSE 1 END FROM users WHERE workspace_id = w;
    SELECT 2;
END;
CREATE OR REPLACE PROCEDURE keep(n int) LANGUAGE sql AS $$
    INSERT INTO kept (n) VALUES ($1);
    DELETE FROM kept WHERE kept.n < $1;
$$;
CREATE OR REPLACE FUNCTION c_one() RETURNS int LANGUAGE c AS '$libdir/x', 'c_one';
CREATE OR REPLACE FUNCTION js() RETURNS int LANGUAGE plv8 AS $$ return {"a": 1}; BEGIN; $$;

-- Nothing to undo: it is only a fixture.
