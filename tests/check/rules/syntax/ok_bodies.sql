CREATE OR REPLACE FUNCTION count_rows(of text) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    n bigint;
BEGIN
    SELECT count(*) INTO STRICT n FROM users WHERE name = of;
    RETURN n;
END;
$$;

CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';

-- Rollback:
--   DROP FUNCTION one();
--   DROP FUNCTION count_rows(text);
