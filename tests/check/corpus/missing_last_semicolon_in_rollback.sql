-- allow: create-index: there are few invoices.
CREATE INDEX IF NOT EXISTS invoices_total_idx ON invoices (total);

-- Rollback:
--   DROP INDEX invoices_total_idx
