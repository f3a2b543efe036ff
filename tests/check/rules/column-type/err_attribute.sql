ALTER TYPE address ALTER ATTRIBUTE street TYPE varchar(20);

-- Nothing to undo: it is a fixture.
