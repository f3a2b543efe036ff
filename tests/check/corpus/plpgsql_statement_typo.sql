-- Invoices, one row each.
CREATE OR REPLACE FUNCTION touch() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    PREFORM pg_notify('a', 'b');
    RETURN new;
END;
$$;

-- Nothing to undo: the function is replaced by the next release.
