-- Invoices, one row each.
CREATE INDEX IF NOT EXISTS invoices_total_idx ON invoices (total)

ALTER TABLE invoices ALTER COLUMN note SET DEFAULT '';

-- Rollback:
--   DROP INDEX invoices_total_idx;
