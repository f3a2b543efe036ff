-- Invoices, one row each.
CREATE TABLE IF NOT EXISTS `invoices` (id uuid);

-- Rollback:
--   DROP TABLE invoices;
--   -- Data loss: all invoices.
