-- allow: rename: it is a fixture.
-- allow: drop-table: it is a fixture.
-- Data loss: the old sessions.
ALTER TABLE sessions RENAME TO sessions_old;
CREATE TABLE sessions (id uuid);
ALTER TABLE sessions ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
DROP TABLE sessions_old;

-- Nothing to undo: it is only a fixture.
