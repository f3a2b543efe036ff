CLUSTER users USING users_pkey;

-- Nothing to undo: it is a fixture.
