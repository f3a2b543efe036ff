ALTER TYPE plan ADD VALUE IF NOT EXISTS 'team' AFTER 'solo';
UPDATE users SET plan = 'team' WHERE plan = 'solo';
ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'team'::plan;
DO $$
BEGIN
    INSERT INTO users (plan) VALUES ('team');
    EXECUTE 'UPDATE users SET plan = ''team''';
END
$$;
CREATE OR REPLACE FUNCTION now_too() RETURNS plan LANGUAGE sql AS $$ SELECT 'team'::plan $$;

-- Nothing to undo: it is only a fixture.
