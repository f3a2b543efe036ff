-- Invoices, one row each.
CREATE TABLE IF NOT EXISTS invoices (
// the key
    id uuid PRIMARY KEY
);

-- Rollback:
--   DROP TABLE invoices;
--   -- Data loss: all invoices.
