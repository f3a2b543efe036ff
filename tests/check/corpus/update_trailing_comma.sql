-- Invoices, one row each.
UPDATE invoices
SET total = 0,
WHERE total IS NULL;

-- Irreversible: it only fills what was empty.
