-- Brings the database "<database>" to the schema sealed at 2025_01_01_1: 10 statements, 2 of them
-- commented out.
--
-- Made by dsentr-migrate 0.1.0 from what <database> at 127.0.0.1:<port> as postgres, PostgreSQL <version> had
-- at that moment. Read it, and run it soon, as postgres, connected to the server itself and not to a
-- pooler:
--
--   psql -X -v ON_ERROR_STOP=1 -f FILE <database>
--
-- Above each statement are the object that it is for and the table locks that it takes on what is
-- there already. What can lose data, fail on some rows, or take long is commented out, with the
-- reason. Most of it is one transaction: at an error nothing of that stays. What refuses a
-- transaction is before or behind it, one by one. Run `dsentr-migrate verify` afterwards.


-- No SQL of their own
-- -------------------
-- enum mood: PostgreSQL cannot remove a label from an enum: 'angry'; rename it, or create another
-- type, convert the columns to it, and drop this one


-- What holds in this session
-- --------------------------
\set ON_ERROR_STOP on
\set AUTOCOMMIT on
\set QUIET on
\encoding UTF8
SET standard_conforming_strings TO on;
SET client_min_messages TO warning;
SET search_path TO public;
SET check_function_bodies TO off;
SET statement_timeout TO 0;
DO $dsentr$
BEGIN
    IF current_database() <> '<database>' THEN
        RAISE EXCEPTION USING
            MESSAGE = 'this is the database ' || current_database()
                || ', and the file was made for ' || '<database>' || '; nothing was done',
            HINT = 'connect to the other one, or have a file made for this one';
    END IF;
END
$dsentr$;


-- In one transaction
-- ------------------
BEGIN;
SET LOCAL lock_timeout TO '5s';

-- function twice(integer)
-- no table lock
DROP FUNCTION twice(integer);

-- function twice(integer)
-- no table lock
CREATE OR REPLACE FUNCTION twice(n integer)
 RETURNS integer
 LANGUAGE sql
AS $function$SELECT 2 * n$function$;

-- column posts.title
-- AccessExclusive on posts
-- commented out: rewrites the table, unless text is stored as character varying(20) is; fails for a
-- value that character varying(20) cannot hold, or shortens it
-- ALTER TABLE posts ALTER COLUMN title TYPE character varying(20) USING title::character varying(20);

-- column users.email
-- AccessExclusive on users
ALTER TABLE users ALTER COLUMN email SET NOT NULL;

-- constraint users.users_age_check
-- AccessExclusive on users
ALTER TABLE users ADD CONSTRAINT users_age_check CHECK ((age > 0)) NOT VALID;

-- constraint users.users_age_check
-- ShareUpdateExclusive on users
ALTER TABLE users VALIDATE CONSTRAINT users_age_check;

-- view authors
-- no table lock
CREATE VIEW authors AS
SELECT users.email,
    posts.title
   FROM (users
     JOIN posts ON ((posts.user_id = users.id)));

-- table extra
-- AccessExclusive on extra
-- commented out: destroys the table and its rows
-- DROP TABLE extra;

COMMIT;


-- After the transaction, one by one, beside the work of others
-- ------------------------------------------------------------
-- An index whose build fails stays behind as INVALID: a new file of `verify --sql` has what is left
-- to do.

-- index users.mine
-- ShareUpdateExclusive on users
DROP INDEX CONCURRENTLY mine;

-- index posts.posts_user
-- ShareUpdateExclusive on posts
CREATE INDEX CONCURRENTLY posts_user ON posts USING btree (user_id);
error: the schema is not as sealed at 2025_01_01_1: 9 objects differ
note: nothing was changed
help: somebody changed the database by hand, or a migration could not do all of its work: bring the objects back as sealed, or write a migration that makes the change; then run `dsentr-migrate verify`
help: what is meant to differ goes into [[verify.ignore]] of the settings file, with a reason
[exit 4]
