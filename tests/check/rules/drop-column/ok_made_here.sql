-- Not rerunnable: it is a fixture.
-- Data loss: none, they are new.
ALTER TABLE users ADD COLUMN old_plan text;
ALTER TABLE users DROP COLUMN old_plan;
CREATE TABLE fresh (a text, b text);
ALTER TABLE fresh DROP COLUMN b;

-- Irreversible: it is a fixture.
