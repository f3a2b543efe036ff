ALTER TABLE workflows VALIDATE CONSTRAINT workflows_user_id_fkey;

-- Nothing to undo: it is a fixture.
