-- allow: drop-index: it is a fixture.
-- allow: drop-object: it is a fixture.
-- allow: drop-constraint: it is a fixture.
DROP INDEX IF EXISTS a_b_idx;
DROP VIEW IF EXISTS v;
DROP MATERIALIZED VIEW IF EXISTS m;
DROP TYPE IF EXISTS t;
ALTER TABLE a DROP CONSTRAINT IF EXISTS c;
CREATE OR REPLACE FUNCTION later() RETURNS void LANGUAGE sql AS 'DELETE FROM a';
CREATE OR REPLACE RULE r AS ON DELETE TO v DO INSTEAD DELETE FROM a;

-- Nothing to undo: it is only a fixture.
