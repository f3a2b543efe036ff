-- allow: drop-table: it is a fixture.
-- Data loss: the cache.
DROP TABLE IF EXISTS cache;
CREATE TABLE cache (a int);
CREATE INDEX ON cache (a);
CREATE INDEX cache_a_idx ON public.cache (a);
ALTER TABLE cache ADD CONSTRAINT cache_check CHECK (a > 0);
CREATE TRIGGER t BEFORE UPDATE ON cache FOR EACH ROW EXECUTE FUNCTION f();

-- Nothing to undo: it is only a fixture.
