-- Not rerunnable: it is a fixture.
CREATE TABLE plans (id int);
ALTER TABLE plans ADD PRIMARY KEY (id);

-- Nothing to undo: it is a fixture.
