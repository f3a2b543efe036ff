-- Invoices, one row each.
CREATE OR REPLACE FUNCTION touch() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    n bigint;
BEGIN
    SELECT count(*) INTO n FROM WHERE id = new.id;
    RETURN new;
END;
$$;

-- Nothing to undo: the function is replaced by the next release.
