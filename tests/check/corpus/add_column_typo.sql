-- Invoices, one row each.
ALTER TABLE invoices ADD COLUM due_at timestamptz;

-- Rollback:
--   ALTER TABLE invoices DROP COLUMN due_at;
--   -- Data loss: due dates.
