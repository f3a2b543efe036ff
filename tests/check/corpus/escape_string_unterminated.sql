-- Invoices, one row each.
COMMENT ON COLUMN invoices.note IS E'don\'t;

-- Nothing to undo: the function is replaced by the next release.
