-- Invoices have a total.
-- migrate: lock-timeout=10
ALTER TABLE invoices ADD COLUMN IF NOT EXISTS total bigint;

-- Rollback:
--   ALTER TABLE invoices DROP COLUMN total;
--   -- Data loss: the totals.
