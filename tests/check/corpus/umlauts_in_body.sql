-- Invoices, one row each.
DO $$
BEGIN
    -- Größe über alles
    RAISE NOTICE 'ÄÖÜ';
    PERFORM 'é' || 'ü' + ;
END
$$;

-- Nothing to undo: the function is replaced by the next release.
