-- Invoices, one row each.
ALTER TABLE invoices ADD COLUMN IF NOT EXISTS due_at timestamptz
    ADD COLUMN IF NOT EXISTS paid_at timestamptz;

-- Rollback:
--   ALTER TABLE invoices DROP COLUMN due_at, DROP COLUMN paid_at;
--   -- Data loss: dates.
