-- Not rerunnable: it is a fixture.
ALTER TABLE workflows ADD CONSTRAINT workflows_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;

-- Nothing to undo: it is a fixture.
