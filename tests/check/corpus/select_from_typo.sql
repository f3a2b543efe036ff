-- Invoices, one row each.
INSERT INTO invoices (id, total)
SELECT id, 0
  FORM orders
ON CONFLICT DO NOTHING;

-- Irreversible: it only fills what was empty.
