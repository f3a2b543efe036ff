-- Invoices, one row each.
CREATE OR REPLACE FUNCTION touch() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF new.total > 0 THEN
        new.note := 'paid';
    RETURN new;
END;
$$;

-- Nothing to undo: the function is replaced by the next release.
