-- Invoices, one row each.
CREATE OR REPLACE FUNCTION paid() RETURNS bigint LANGUAGE sql AS '
    SELECT 1;
    SELECT count(*) + FROM invoices;
';

-- Nothing to undo: the function is replaced by the next release.
