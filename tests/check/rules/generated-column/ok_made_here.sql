CREATE TABLE IF NOT EXISTS plans (id bigserial PRIMARY KEY);
ALTER TABLE plans ADD COLUMN IF NOT EXISTS n bigint GENERATED ALWAYS AS IDENTITY;

-- Nothing to undo: it is a fixture.
