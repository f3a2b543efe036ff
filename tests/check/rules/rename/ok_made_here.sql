-- Not rerunnable: it is a fixture.
CREATE TABLE fresh (a text);
ALTER TABLE fresh RENAME a TO b;
ALTER TABLE fresh RENAME TO plans;
ALTER TABLE plans RENAME TO tariffs;
ALTER TABLE users ADD COLUMN x text;
ALTER TABLE users RENAME x TO y;
ALTER TABLE users RENAME y TO z;

-- Irreversible: it is a fixture.
