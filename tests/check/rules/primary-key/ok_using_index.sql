-- Not rerunnable: it is a fixture.
ALTER TABLE log ADD CONSTRAINT log_pkey PRIMARY KEY USING INDEX log_pkey;

-- Nothing to undo: it is a fixture.
