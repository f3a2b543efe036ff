CREATE TABEL a (b int);

CREATE TABLE IF NOT EXISTS b (
    c int
    d text
);

DO $$
BEGIN
    IF true THNE
        NULL;
    END IF;
    UPDATE b SET c = ;
END
$$;

CREATE OR REPLACE FUNCTION two() RETURNS int LANGUAGE sql AS $$ SELECT 1 + ; SELECT FROM WHERE $$;

-- Rollback:
--   DROP FUNCTION two()
--   DROP TABLE b;
--   DORP TABLE a;
--   -- Data loss: all of a and b.
