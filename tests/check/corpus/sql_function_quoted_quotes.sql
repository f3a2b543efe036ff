-- Invoices, one row each.
CREATE OR REPLACE FUNCTION paid() RETURNS text LANGUAGE sql AS '
    SELECT ''a'' || ''b'' WHERE AND true
';

-- Nothing to undo: the function is replaced by the next release.
