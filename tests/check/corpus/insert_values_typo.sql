-- Invoices, one row each.
INSERT INTO plans (name, seats)
VALEUS ('solo', 1);

-- Irreversible: plans are never taken back.
