-- Invoices, one row each.
COMMENT ON TABLE invoices 'One row each.';

-- Nothing to undo: the function is replaced by the next release.
