-- Invoices, one row each.
CREATE OR REPLACE TRIGGER touch BEFORE UPDATE
ON invoices
FOR EACH ROW EXECTUE FUNCTION touch();

-- Rollback:
--   DROP TRIGGER touch ON invoices;
