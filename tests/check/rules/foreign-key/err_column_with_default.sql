ALTER TABLE workflows ADD COLUMN IF NOT EXISTS plan_id int DEFAULT 1 REFERENCES plans (id);

-- Nothing to undo: it is a fixture.
