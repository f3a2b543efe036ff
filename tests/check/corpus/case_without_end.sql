-- Invoices, one row each.
UPDATE invoices
SET note = CASE WHEN total > 0 THEN 'paid'
    ELSE 'free'
    WHERE note IS NULL;

-- Irreversible: it only fills what was empty.
