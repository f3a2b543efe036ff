-- Not rerunnable: a type has
-- no IF NOT EXISTS.
CREATE TYPE t AS ENUM ('a');

-- Data loss: old rows.
TRUNCATE a;

-- Rollback:
--   DROP TYPE t;
