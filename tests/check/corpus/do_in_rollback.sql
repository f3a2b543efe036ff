-- allow: create-index: there are few invoices.
CREATE INDEX IF NOT EXISTS invoices_total_idx ON invoices (total);

-- Rollback:
--   DO $$
--   BEGIN
--       DROP INDEX IF EXISTS invoices_t, ;
--   END $$;
