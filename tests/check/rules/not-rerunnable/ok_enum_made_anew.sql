-- allow: rename: it is a fixture.
-- allow: column-type: it is a fixture.
-- allow: drop-object: it is a fixture.
ALTER TYPE plan RENAME TO plan_old;
CREATE TYPE plan AS ENUM ('solo', 'team');
ALTER TABLE users ALTER COLUMN plan TYPE plan USING plan::text::plan;
DROP TYPE plan_old;

-- Nothing to undo: it is only a fixture.
