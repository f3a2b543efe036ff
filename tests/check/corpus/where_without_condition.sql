-- Invoices, one row each.
DELETE FROM invoices WHERE AND total = 0;

-- Irreversible: x.
