ALTER TYPE plan ADD VALUE IF NOT EXISTS 'team' AFTER 'solo';
ALTER TYPE plan ADD VALUE IF NOT EXISTS 'firm' AFTER 'team';
SELECT 'solo'::plan;
COMMENT ON TYPE plan IS 'team';
CREATE OR REPLACE FUNCTION later() RETURNS plan LANGUAGE plpgsql AS $$ BEGIN RETURN 'team'; END $$;

-- Nothing to undo: it is only a fixture.
