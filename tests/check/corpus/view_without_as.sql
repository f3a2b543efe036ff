-- Invoices, one row each.
CREATE OR REPLACE VIEW paid_invoices
SELECT id FROM invoices WHERE total > 0;

-- Rollback:
--   DROP VIEW paid_invoices;
