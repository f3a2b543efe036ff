-- Not rerunnable: it is a fixture.
ALTER TABLE users ADD CONSTRAINT users_name_key UNIQUE USING INDEX users_name_key;

-- Nothing to undo: it is a fixture.
