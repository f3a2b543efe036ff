-- allow: truncate-cascade: it is valid.
-- allow: domain-constraint: it is valid.
-- Not rerunnable: a fixture need not be.
-- Data loss: none that counts.
CREATE TABLE IF NOT EXISTS measures (
    id bigint GENERATED ALWAYS AS IDENTITY (START WITH 10) PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    "order" text COLLATE "C" UNIQUE NULLS NOT DISTINCT,
    area numeric(10, 2) GENERATED ALWAYS AS (width * 2) STORED,
    width numeric CONSTRAINT positive CHECK (width > 0) NO INHERIT,
    tags text[] DEFAULT '{}'::text[],
    span tstzrange,
    owner_id uuid REFERENCES users (id) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    EXCLUDE USING gist (span WITH &&) WHERE (width > 1),
    FOREIGN KEY (owner_id, at) REFERENCES sessions (user_id, at) MATCH FULL NOT VALID,
    LIKE other INCLUDING ALL
) PARTITION BY RANGE (at);
CREATE TABLE measures_2025 PARTITION OF measures FOR VALUES FROM ('2025-01-01') TO (MAXVALUE);
CREATE UNIQUE INDEX IF NOT EXISTS measures_lower_idx ON measures USING btree (lower("order") text_pattern_ops DESC NULLS LAST, (at::date)) INCLUDE (width) WHERE width IS NOT NULL;
ALTER TABLE ONLY measures ALTER COLUMN width TYPE bigint USING width::bigint, ALTER width SET STATISTICS 500, ENABLE ROW LEVEL SECURITY, VALIDATE CONSTRAINT positive;
CREATE POLICY own ON measures AS RESTRICTIVE FOR UPDATE TO PUBLIC USING (owner_id = current_setting('app.user', true)::uuid) WITH CHECK (true);
CREATE OR REPLACE VIEW wide WITH (security_barrier) AS SELECT m.*, row_number() OVER w, count(*) FILTER (WHERE width > 1) OVER (PARTITION BY at ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM measures m WINDOW w AS (ORDER BY at) WITH LOCAL CHECK OPTION;
CREATE TRIGGER touch AFTER INSERT OR UPDATE OF width, at ON measures REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT WHEN (pg_trigger_depth() < 1) EXECUTE FUNCTION touch('a', 1);
CREATE RULE hush AS ON DELETE TO wide DO INSTEAD (INSERT INTO log (id) VALUES (old.id); DELETE FROM measures WHERE id = old.id);
CREATE AGGREGATE product (numeric) (sfunc = numeric_mul, stype = numeric, initcond = '1');
CREATE DOMAIN email AS citext CHECK (VALUE ~ '^[^@]+@[^@]+$');
COMMENT ON COLUMN measures."order" IS 'it''s; -- no';
GRANT SELECT (id, at), UPDATE ON measures TO app WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO app;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC CASCADE;
SECURITY LABEL ON TABLE measures IS NULL;
LOCK TABLE measures IN SHARE ROW EXCLUSIVE MODE NOWAIT;
INSERT INTO measures AS m (width) OVERRIDING SYSTEM VALUE VALUES (1), (DEFAULT) ON CONFLICT ON CONSTRAINT positive DO UPDATE SET width = excluded.width + m.width WHERE m.width <> excluded.width RETURNING *;
WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT * FROM t, LATERAL (SELECT n) l, generate_series(1, n) WITH ORDINALITY g (a, b) FOR UPDATE OF l SKIP LOCKED;
UPDATE measures m SET (width, at) = (SELECT 1, now()), tags[1] = 'x' FROM users u WHERE u.id = m.owner_id;
TRUNCATE measures RESTART IDENTITY CASCADE;

-- Rollback:
--   DROP DOMAIN email;
--   DROP AGGREGATE product (numeric);
--   DROP VIEW wide;
--   DROP TABLE measures; -- its partitions go with it
--   /* a comment
--      over two lines; */
--   DO $$
--   BEGIN
--       -- one inside a body
--       RAISE NOTICE 'done; -- no';
--   END $$;
--   -- Data loss: all measures.
