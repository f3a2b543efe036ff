-- Invoices, one row each.
DO $$
BEGIN
    ALTER TABLE invoices RENAME note text;
END
$$;

-- Nothing to undo: the function is replaced by the next release.
