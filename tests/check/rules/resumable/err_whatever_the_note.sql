-- Not rerunnable: the index is made once.
-- migrate: no-transaction
CREATE INDEX CONCURRENTLY a_b_idx ON public.a (b);

-- Nothing to undo: it is only a fixture.
