-- Invoices, one row each.
INSERT INTO plans (name, seats)
VALUES ('solo', 1)
ON CONFLCT DO NOTHING;

-- Irreversible: plans are never taken back.
