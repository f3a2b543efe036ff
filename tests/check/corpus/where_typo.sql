-- Invoices, one row each.
UPDATE invoices
SET total = 100 WHER total IS NULL;

-- Irreversible: it only fills what was empty.
