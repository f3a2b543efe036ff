-- Data loss:
DELETE FROM a;
-- Not rerunnable:
CREATE TYPE t AS ENUM ('a');

-- Irreversible: rows are gone.
