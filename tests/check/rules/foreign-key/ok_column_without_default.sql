ALTER TABLE workflows ADD COLUMN IF NOT EXISTS plan_id int REFERENCES plans (id);

-- Nothing to undo: it is a fixture.
