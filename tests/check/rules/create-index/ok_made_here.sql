-- Not rerunnable: it is a fixture.
CREATE TABLE plans (name text);
CREATE INDEX ON public.plans (name);
CREATE TABLE IF NOT EXISTS "Plans" (name text);
CREATE INDEX ON public . "Plans" (name);
CREATE TABLE public.teams (name text);
CREATE INDEX ON Teams (name);
CREATE TABLE audit.users (name text);
CREATE INDEX ON audit.users (name);
CREATE TEMP TABLE scratch (name text) ON COMMIT DROP;
CREATE INDEX ON scratch (name);
CREATE TABLE copies AS SELECT 1 AS a;
CREATE INDEX ON copies (a);
SELECT 1 AS a INTO more_copies;
CREATE INDEX ON more_copies (a);
CREATE MATERIALIZED VIEW sums AS SELECT 1 AS a;
CREATE INDEX ON sums (a);
CREATE TABLE days (at date) PARTITION BY RANGE (at);
CREATE TABLE days_2025 PARTITION OF days FOR VALUES FROM ('2025-01-01') TO (MAXVALUE);
CREATE INDEX ON days_2025 (at);
ALTER TABLE plans RENAME TO tariffs;
CREATE INDEX ON tariffs (name);
DO $$
BEGIN
    IF to_regclass('late') IS NULL THEN
        CREATE TABLE late (name text);
    END IF;
    EXECUTE 'CREATE TABLE later (name text)';
END
$$;
CREATE INDEX ON late (name);
DO $$
BEGIN
    CREATE INDEX ON later (name);
END
$$;

-- Nothing to undo: it is a fixture.
