REPACK users USING INDEX users_pkey;

-- Nothing to undo: it is a fixture.
