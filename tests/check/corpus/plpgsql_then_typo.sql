-- Invoices, one row each.
CREATE OR REPLACE FUNCTION touch() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF new.total IS NOT NULL THNE
        new.note := 'x';
    END IF;
    RETURN new;
END;
$$;

-- Nothing to undo: the function is replaced by the next release.
