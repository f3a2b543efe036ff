-- Invoices, one row each.
CREATE OR REPLACE FUNCTION touch() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF new.total > 0 THEN
        new.note := 'a';
    ELSE IF new.total < 0 THEN
        new.note := 'b';
    END IF;
    RETURN new;
END;
$$;

-- Nothing to undo: the function is replaced by the next release.
