-- allow: reindex: it is a fixture.
-- allow: vacuum-full: it is a fixture.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a_b_idx ON public.a (b);
DROP INDEX CONCURRENTLY IF EXISTS public.a_b_idx;
REINDEX TABLE CONCURRENTLY public.a;
REINDEX (CONCURRENTLY) INDEX a_b_idx;
REINDEX SCHEMA public;
REINDEX DATABASE dsentr;
REINDEX SYSTEM dsentr;
VACUUM public.a;
CLUSTER;
REPACK (CONCURRENTLY) public.a;
REPACK;
REPACK USING INDEX;
ALTER SYSTEM SET work_mem = '8MB';
ALTER DATABASE dsentr SET TABLESPACE fast;
-- Not rerunnable: these are only shown.
CREATE DATABASE d;
-- Data loss: all of d.
DROP DATABASE d;
CREATE TABLESPACE fast LOCATION '/srv';
ALTER TABLE public.a DETACH PARTITION a_1 CONCURRENTLY;
CREATE SUBSCRIPTION s CONNECTION 'host=a' PUBLICATION p;
DO $$ BEGIN UPDATE a SET b = 1; COMMIT; END $$;
CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
CALL fill();

-- Irreversible: they are only shown.
