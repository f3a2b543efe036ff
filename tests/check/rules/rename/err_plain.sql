-- Not rerunnable: it is a fixture.
ALTER TABLE users RENAME COLUMN plan TO tariff;
ALTER TABLE users RENAME CONSTRAINT users_email_key TO users_email_unique;
ALTER TABLE users RENAME TO people;
ALTER TYPE user_role RENAME VALUE 'user' TO 'member';
ALTER VIEW open_reports RENAME TO open_issues;

-- Irreversible: it is a fixture.
