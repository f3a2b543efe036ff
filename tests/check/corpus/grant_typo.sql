-- Invoices, one row each.
GRANT SELECT ON invoices TOO reader;

-- Rollback:
--   REVOKE SELECT ON invoices FROM reader;
