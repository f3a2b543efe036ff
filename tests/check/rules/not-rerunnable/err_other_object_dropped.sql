-- allow: drop-object: it is a fixture.
DROP TRIGGER IF EXISTS t ON a;
CREATE TRIGGER t BEFORE UPDATE ON b FOR EACH ROW EXECUTE FUNCTION f();
DROP TYPE IF EXISTS t2;
CREATE TYPE t AS ENUM ('a');

-- Nothing to undo: it is only a fixture.
