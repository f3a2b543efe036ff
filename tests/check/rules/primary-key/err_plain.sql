-- Not rerunnable: it is a fixture.
ALTER TABLE log ADD PRIMARY KEY (id);

-- Nothing to undo: it is a fixture.
