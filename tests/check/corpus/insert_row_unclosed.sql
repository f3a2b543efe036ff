-- Invoices, one row each.
INSERT INTO plans (name, seats)
VALUES ('solo', 1;

-- Irreversible: plans are never taken back.
