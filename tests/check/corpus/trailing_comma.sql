-- Invoices, one row each.
CREATE TABLE IF NOT EXISTS invoices (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    total numeric(12, 2) NOT NULL CHECK (total >= 0),
    note text,
);

-- Rollback:
--   DROP TABLE invoices;
--   -- Data loss: all invoices.
