-- data loss: rows
DELETE FROM a;
-- NOT RERUNNABLE: types
CREATE TYPE t AS ENUM ('a');

-- Irreversible: rows are gone.
