-- squawk-ignore-file
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX IF NOT EXISTS users_plan_idx ON users (plan);
CREATE INDEX IF NOT EXISTS users_name_idx -- squawk-ignore-file
    ON /* squawk-ignore-file: ü */ users (name);

-- Nothing to undo: it is a fixture.
