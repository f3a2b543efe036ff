-- A second run of the whole file would pass, a second start of either statement would not.
-- migrate: no-transaction
DROP INDEX CONCURRENTLY public.a_b_idx;
CREATE INDEX CONCURRENTLY a_b_idx ON public.a (b);

-- Nothing to undo: it is only a fixture.
