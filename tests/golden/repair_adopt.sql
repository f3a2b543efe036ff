-- Brings the database "<database>" to the schema sealed at 2025_01_01_1: 2 statements, 0 of them
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

-- privileges on table users for PUBLIC
-- no table lock
REVOKE SELECT ON TABLE users FROM PUBLIC;

COMMIT;


-- After the transaction, one by one, beside the work of others
-- ------------------------------------------------------------
-- An index whose build fails stays behind as INVALID: a new file of `verify --sql` has what is left
-- to do.

-- index posts.posts_user
-- ShareUpdateExclusive on posts
CREATE INDEX CONCURRENTLY posts_user ON posts USING btree (user_id);
error: the schema is not as sealed at any version; the nearest is 2025_01_01_1: 1 object differs
note: nothing was changed
help: bring the objects to what is sealed; then run `dsentr-migrate adopt` again
help: or take the database over as it is with `dsentr-migrate adopt --at 2025_01_01_1 --accept-differences`: `dsentr-migrate verify` goes on to show what differs now, and ends well with it
[exit 4]
