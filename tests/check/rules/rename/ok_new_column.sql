ALTER TABLE users ADD COLUMN IF NOT EXISTS tariff text;

-- Nothing to undo: it is a fixture.
