//! Ways in which somebody changes a live schema by hand.

use super::server::{Database, Session};

/// What was done to a database, and how `verify` names what differs then.
pub(crate) const MUTATIONS: &[(&str, &[&str])] = &[
    ("SELECT 1", &[]),
    // Tables and columns.
    ("DROP TABLE stripe_event_log", &["absent table stripe_event_log"]),
    ("CREATE TABLE mine (id serial PRIMARY KEY)", &["extra table mine"]),
    ("ALTER TABLE users ADD COLUMN nick text NOT NULL DEFAULT ''", &["extra column users.nick"]),
    ("ALTER TABLE users DROP COLUMN tax_id", &["absent column users.tax_id"]),
    ("ALTER TABLE users RENAME COLUMN tax_id TO vat_id", &["absent column users.tax_id", "extra column users.vat_id"]),
    ("ALTER TABLE workflow_runs ALTER attempt TYPE bigint", &["different column workflow_runs.attempt"]),
    ("ALTER TABLE workflow_runs ALTER attempt SET DEFAULT 1", &["different column workflow_runs.attempt"]),
    ("ALTER TABLE workflow_runs ALTER attempt DROP DEFAULT", &["different column workflow_runs.attempt"]),
    ("ALTER TABLE users ALTER company_name SET NOT NULL", &["different column users.company_name"]),
    ("ALTER TABLE users ALTER email DROP NOT NULL", &["different column users.email"]),
    (r#"ALTER TABLE users ALTER company_name TYPE text COLLATE "POSIX""#, &["different column users.company_name"]),
    ("ALTER TABLE users ALTER settings SET STORAGE EXTERNAL", &["different column users.settings"]),
    ("ALTER TABLE users ALTER email SET STATISTICS 1000", &["different column users.email"]),
    ("ALTER TABLE users SET (fillfactor = 50)", &["different table users"]),
    ("ALTER TABLE stripe_event_log SET UNLOGGED", &["different table stripe_event_log"]),
    ("ALTER TABLE users ENABLE ROW LEVEL SECURITY", &["different table users"]),
    ("ALTER TABLE users REPLICA IDENTITY FULL", &["different table users"]),
    // The order of columns does not count.
    ("ALTER TABLE users DROP COLUMN tax_id; ALTER TABLE users ADD COLUMN tax_id text", &[]),
    // Constraints.
    ("ALTER TABLE users DROP CONSTRAINT users_email_key", &["absent constraint users.users_email_key"]),
    ("ALTER TABLE users ADD CONSTRAINT short CHECK (length(email) < 100)", &["extra constraint users.short"]),
    (
        "ALTER TABLE workflow_runs DROP CONSTRAINT workflow_runs_status_check;
         ALTER TABLE workflow_runs ADD CONSTRAINT workflow_runs_status_check CHECK (status <> '')",
        &["different constraint workflow_runs.workflow_runs_status_check"],
    ),
    (
        "ALTER TABLE workflow_runs DROP CONSTRAINT workflow_runs_user_id_fkey;
         ALTER TABLE workflow_runs ADD CONSTRAINT workflow_runs_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE NOT VALID",
        &["different constraint workflow_runs.workflow_runs_user_id_fkey"],
    ),
    (
        "ALTER TABLE workflow_runs ALTER CONSTRAINT workflow_runs_user_id_fkey DEFERRABLE INITIALLY DEFERRED",
        &["different constraint workflow_runs.workflow_runs_user_id_fkey"],
    ),
    (
        "ALTER TABLE user_terms_acceptances DISABLE TRIGGER ALL",
        &["different constraint user_terms_acceptances.user_terms_acceptances_user_id_fkey"],
    ),
    // Indexes.
    ("DROP INDEX idx_workflows_locked_by", &["absent index workflows.idx_workflows_locked_by"]),
    ("CREATE INDEX night ON users (created_at)", &["extra index users.night"]),
    (
        "DROP INDEX idx_workflows_locked_by; CREATE INDEX idx_workflows_locked_by ON workflows (locked_by) WHERE locked_by IS NOT NULL",
        &["different index workflows.idx_workflows_locked_by"],
    ),
    ("ALTER INDEX idx_workflows_locked_by SET (fillfactor = 50)", &["different index workflows.idx_workflows_locked_by"]),
    (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_workflows_locked_by'::regclass",
        &["different index workflows.idx_workflows_locked_by"],
    ),
    ("ALTER TABLE workflows CLUSTER ON idx_workflows_locked_by", &["different index workflows.idx_workflows_locked_by"]),
    // Functions and triggers.
    (
        "CREATE OR REPLACE FUNCTION update_updated_at_column() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        &["different function update_updated_at_column()"],
    ),
    ("ALTER FUNCTION update_updated_at_column() SECURITY DEFINER", &["different function update_updated_at_column()"]),
    ("ALTER FUNCTION update_updated_at_column() SET search_path TO public", &["different function update_updated_at_column()"]),
    ("CREATE FUNCTION update_updated_at_column(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'", &["extra function update_updated_at_column(integer)"]),
    ("CREATE PROCEDURE tidy() LANGUAGE sql AS ''", &["extra procedure tidy()"]),
    ("ALTER TABLE workflows DISABLE TRIGGER update_workflows_updated_at", &["different trigger workflows.update_workflows_updated_at"]),
    ("DROP TRIGGER update_workflows_updated_at ON workflows", &["absent trigger workflows.update_workflows_updated_at"]),
    (
        "CREATE TRIGGER again AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION update_updated_at_column()",
        &["extra trigger users.again"],
    ),
    ("CREATE RULE keep AS ON DELETE TO users DO INSTEAD NOTHING", &["extra rule users.keep"]),
    ("CREATE POLICY own ON users USING (true)", &["extra policy users.own"]),
    ("CREATE STATISTICS hang_together ON plan, country FROM users", &["extra statistics users.hang_together"]),
    // Types and sequences.
    ("ALTER TYPE user_role ADD VALUE 'guest'", &["different enum user_role"]),
    ("ALTER TYPE user_role RENAME VALUE 'admin' TO 'root'", &["different enum user_role"]),
    ("CREATE TYPE pair AS (a integer, b integer)", &["extra type pair"]),
    ("CREATE DOMAIN positive AS integer CHECK (VALUE > 0)", &["extra domain positive"]),
    ("ALTER SEQUENCE early_access_emails_id_seq INCREMENT 10", &["different sequence early_access_emails_id_seq"]),
    ("ALTER SEQUENCE early_access_emails_id_seq OWNED BY NONE", &["different sequence early_access_emails_id_seq"]),
    // Its value is data.
    ("SELECT nextval('early_access_emails_id_seq')", &[]),
    // Views.
    ("CREATE VIEW people AS SELECT id, email FROM users", &["extra view people"]),
    ("CREATE MATERIALIZED VIEW people AS SELECT id FROM users; CREATE INDEX people_id ON people (id)", &["extra materialized view people"]),
    // Privileges.
    ("REVOKE DELETE ON users FROM dsentr_app", &["different privileges on table users for dsentr_app"]),
    ("REVOKE ALL ON users FROM dsentr_readonly", &["absent privileges on table users for dsentr_readonly"]),
    ("GRANT SELECT ON users TO PUBLIC", &["extra privileges on table users for PUBLIC"]),
    ("GRANT SELECT ON users TO dsentr_app WITH GRANT OPTION", &["different privileges on table users for dsentr_app"]),
    ("GRANT UPDATE (email) ON users TO dsentr_readonly", &["extra privileges on column users.email for dsentr_readonly"]),
    ("REVOKE USAGE ON SEQUENCE early_access_emails_id_seq FROM dsentr_app", &["different privileges on sequence early_access_emails_id_seq for dsentr_app"]),
    ("GRANT CREATE ON SCHEMA public TO PUBLIC", &["different privileges on schema public for PUBLIC"]),
    ("REVOKE EXECUTE ON FUNCTION update_updated_at_column() FROM PUBLIC", &["extra privileges on function update_updated_at_column() for PUBLIC"]),
    ("REVOKE USAGE ON TYPE user_role FROM PUBLIC", &["extra privileges on enum user_role for PUBLIC"]),
    ("REVOKE INSERT ON users FROM postgres", &["extra privileges on table users for owner"]),
    ("REVOKE CONNECT ON DATABASE {database} FROM dsentr_app", &["absent privileges on database for dsentr_app"]),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE DELETE ON TABLES FROM dsentr_app",
        &["different default privileges on tables in schema public by owner for dsentr_app"],
    ),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM dsentr_app",
        &["absent default privileges on sequences in schema public by owner for dsentr_app"],
    ),
    (
        "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        &["extra default privileges on functions by owner for PUBLIC"],
    ),
    // Owners and comments.
    ("ALTER TABLE users OWNER TO somebody", &["extra owner of table users"]),
    ("ALTER FUNCTION update_updated_at_column() OWNER TO somebody", &["extra owner of function update_updated_at_column()"]),
    ("COMMENT ON TABLE users IS 'mine'", &["extra comment on table users"]),
    ("COMMENT ON COLUMN users.email IS 'mine'", &["extra comment on column users.email"]),
    // Extensions; one that no migration needs is somebody else's, and so is what stands in other schemas.
    ("DROP EXTENSION pgcrypto", &["absent extension pgcrypto"]),
    ("CREATE EXTENSION citext", &[]),
    ("CREATE SCHEMA theirs; CREATE TABLE theirs.users (id integer)", &[]),
    ("CREATE SCHEMA theirs; ALTER EXTENSION pgcrypto SET SCHEMA theirs", &[]),
    ("COMMENT ON DATABASE {database} IS 'of the finance department'", &[]),
    // Several at once, and parts of what is gone or new are not told of.
    (
        "DROP TABLE workflow_dead_letters; CREATE TABLE mine (id integer PRIMARY KEY); CREATE INDEX mine_id ON mine (id);
         COMMENT ON TABLE mine IS 'mine'; GRANT ALL ON mine TO PUBLIC; DROP INDEX idx_workflows_locked_by",
        &["absent index workflows.idx_workflows_locked_by", "absent table workflow_dead_letters", "extra table mine"],
    ),
];

/// A copy of a database has not its privileges as a database.
pub(crate) async fn give_back(database: &Database<'_>, session: &Session) {
    let name = database.name();
    session
        .batch(&format!(
            "REVOKE ALL ON DATABASE {name} FROM PUBLIC; GRANT CONNECT ON DATABASE {name} TO dsentr_app, dsentr_readonly"
        ))
        .await;
}
