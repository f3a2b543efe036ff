-- Invoices, one row each.
CREATE OR REPLACE FUNCTION touch() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    new.note := 'x'
    RETURN new;
END;
$$;

-- Nothing to undo: the function is replaced by the next release.
