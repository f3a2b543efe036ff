-- Invoices, one row each.
BEGIN;
CREATE TABLE IF NOT EXISTS invoices (
    id uuid
);
COMMIT;

-- Rollback:
--   DROP TABLE invoices;
--   -- Data loss: all invoices.
