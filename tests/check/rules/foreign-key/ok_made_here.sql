-- Not rerunnable: it is a fixture.
CREATE TABLE plans (id int PRIMARY KEY, user_id uuid REFERENCES users (id));
ALTER TABLE plans ADD CONSTRAINT plans_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id);
ALTER TABLE plans ADD COLUMN owner_id uuid DEFAULT gen_random_uuid() REFERENCES users (id);

-- Nothing to undo: it is a fixture.
