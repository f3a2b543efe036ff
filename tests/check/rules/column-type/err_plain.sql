ALTER TABLE users ALTER COLUMN plan TYPE varchar(20) USING left(plan, 20);

-- Nothing to undo: it is a fixture.
