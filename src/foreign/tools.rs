//! What is known of each tool.

/// A table of another tool.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// The name that its makers give it.
    pub name: &'static str,
    /// The name of the table; none where it is told by its columns alone.
    pub table: Option<&'static str>,
    /// The schema that the tool makes for itself, where it does. In it the table is found, too.
    pub schema: Option<&'static str>,
    /// The columns that every version of the tool makes.
    pub columns: &'static [&'static str],
    /// Those that some versions make.
    pub may_have: &'static [&'static str],
    /// A query for version, name and state (`done`, `failed` or `dirty`), oldest first, with `{table}` for the table; none
    /// where the table says nothing of migrations.
    pub rows: Option<&'static str>,
    /// What the rows are.
    pub keeps: Keeps,
    /// The functions that the tool makes for the migrations of its users.
    pub functions: &'static [&'static str],
}

/// What the rows of a history are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// A row for each migration that was applied.
    All,
    /// One row: the newest.
    Newest,
}

const TOOL: Tool = Tool {
    name: "",
    table: None,
    schema: None,
    columns: &[],
    may_have: &[],
    rows: None,
    keeps: Keeps::All,
    functions: &[],
};

/// The tables that are known. Where two tools use one name, the columns tell them apart.
pub static TOOLS: &[Tool] = &[
    Tool {
        name: "SQLx",
        table: Some("_sqlx_migrations"),
        columns: &[
            "version",
            "description",
            "installed_on",
            "success",
            "checksum",
            "execution_time",
        ],
        rows: Some(
            "SELECT version, description, CASE WHEN success THEN 'done' ELSE 'failed' END FROM {table} ORDER BY version",
        ),
        ..TOOL
    },
    Tool {
        name: "golang-migrate",
        table: Some("schema_migrations"),
        columns: &["version", "dirty"],
        rows: Some(
            "SELECT version, NULL, CASE WHEN dirty THEN 'dirty' ELSE 'done' END FROM {table} ORDER BY version",
        ),
        keeps: Keeps::Newest,
        ..TOOL
    },
    Tool {
        name: "dbmate or Rails",
        table: Some("schema_migrations"),
        columns: &["version"],
        rows: Some("SELECT version, NULL, 'done' FROM {table} ORDER BY version"),
        ..TOOL
    },
    Tool {
        name: "Rails",
        table: Some("ar_internal_metadata"),
        columns: &["key", "value", "created_at", "updated_at"],
        ..TOOL
    },
    Tool {
        name: "Diesel",
        table: Some("__diesel_schema_migrations"),
        columns: &["version", "run_on"],
        rows: Some("SELECT version, NULL, 'done' FROM {table} ORDER BY version"),
        functions: &["diesel_manage_updated_at", "diesel_set_updated_at"],
        ..TOOL
    },
    Tool {
        name: "Flyway",
        table: Some("flyway_schema_history"),
        columns: &[
            "installed_rank",
            "version",
            "description",
            "type",
            "script",
            "checksum",
            "installed_by",
            "installed_on",
            "execution_time",
            "success",
        ],
        rows: Some(
            "SELECT coalesce(version, script), description, CASE WHEN success THEN 'done' ELSE 'failed' END \
             FROM {table} WHERE type <> 'SCHEMA' ORDER BY installed_rank",
        ),
        ..TOOL
    },
    Tool {
        name: "goose",
        table: Some("goose_db_version"),
        columns: &["id", "version_id", "is_applied", "tstamp"],
        // A row for each time that one was applied or taken back; the first is for the table itself.
        rows: Some(
            "SELECT version_id, NULL, 'done' FROM \
             (SELECT DISTINCT ON (version_id) version_id, is_applied FROM {table} ORDER BY version_id, id DESC) AS newest \
             WHERE is_applied AND version_id > 0 ORDER BY version_id",
        ),
        ..TOOL
    },
    Tool {
        name: "Alembic",
        table: Some("alembic_version"),
        columns: &["version_num"],
        rows: Some("SELECT version_num, NULL, 'done' FROM {table} ORDER BY version_num"),
        keeps: Keeps::Newest,
        ..TOOL
    },
    Tool {
        name: "yoyo",
        table: Some("_yoyo_migration"),
        columns: &["migration_hash", "migration_id", "applied_at_utc"],
        rows: Some(
            "SELECT migration_id, NULL, 'done' FROM {table} ORDER BY applied_at_utc, migration_id",
        ),
        ..TOOL
    },
    Tool {
        name: "yoyo",
        table: Some("_yoyo_log"),
        columns: &[
            "id",
            "migration_hash",
            "migration_id",
            "operation",
            "username",
            "hostname",
            "comment",
            "created_at_utc",
        ],
        ..TOOL
    },
    Tool {
        name: "yoyo",
        table: Some("_yoyo_version"),
        columns: &["version", "installed_at_utc"],
        ..TOOL
    },
    Tool {
        name: "yoyo",
        table: Some("yoyo_lock"),
        columns: &["locked", "ctime", "pid"],
        ..TOOL
    },
    Tool {
        name: "Flyway",
        table: Some("schema_version"),
        columns: &[
            "installed_rank",
            "version",
            "description",
            "type",
            "script",
            "checksum",
            "installed_by",
            "installed_on",
            "execution_time",
            "success",
        ],
        // Before Flyway 4.
        may_have: &["version_rank"],
        rows: Some(
            "SELECT coalesce(version, script), description, CASE WHEN success THEN 'done' ELSE 'failed' END \
             FROM {table} WHERE type <> 'SCHEMA' ORDER BY installed_rank",
        ),
        ..TOOL
    },
    Tool {
        name: "tern",
        table: Some("schema_version"),
        columns: &["version"],
        rows: Some("SELECT version, NULL, 'done' FROM {table} WHERE version > 0"),
        keeps: Keeps::Newest,
        ..TOOL
    },
    Tool {
        name: "Liquibase",
        table: Some("databasechangelog"),
        columns: &[
            "id",
            "author",
            "filename",
            "dateexecuted",
            "orderexecuted",
            "exectype",
            "md5sum",
            "description",
            "comments",
            "tag",
            "liquibase",
        ],
        may_have: &["contexts", "labels", "deployment_id"],
        // Where a changeset has a number for its name, the file has the name.
        rows: Some(
            "SELECT id, CASE WHEN id ~ '[[:alpha:]]' THEN id ELSE regexp_replace(filename, '^.*/|[.][a-z]+$', '', 'g') END, \
             CASE exectype WHEN 'FAILED' THEN 'failed' ELSE 'done' END \
             FROM {table} WHERE exectype <> 'SKIPPED' ORDER BY orderexecuted, dateexecuted",
        ),
        ..TOOL
    },
    Tool {
        name: "Liquibase",
        table: Some("databasechangeloglock"),
        columns: &["id", "locked", "lockgranted", "lockedby"],
        ..TOOL
    },
    Tool {
        name: "Prisma",
        table: Some("_prisma_migrations"),
        columns: &[
            "id",
            "checksum",
            "finished_at",
            "migration_name",
            "logs",
            "rolled_back_at",
            "started_at",
            "applied_steps_count",
        ],
        rows: Some(
            "SELECT migration_name, NULL, CASE WHEN finished_at IS NULL THEN 'failed' ELSE 'done' END \
             FROM {table} WHERE rolled_back_at IS NULL ORDER BY started_at, migration_name",
        ),
        ..TOOL
    },
    Tool {
        name: "Knex",
        table: Some("knex_migrations"),
        columns: &["id", "name", "batch", "migration_time"],
        rows: Some(
            "SELECT regexp_replace(name, '[.][a-z]+$', ''), NULL, 'done' FROM {table} ORDER BY id",
        ),
        ..TOOL
    },
    Tool {
        name: "Knex",
        table: Some("knex_migrations_lock"),
        columns: &["index", "is_locked"],
        ..TOOL
    },
    Tool {
        name: "Django",
        table: Some("django_migrations"),
        columns: &["id", "app", "name", "applied"],
        rows: Some("SELECT app || '.' || name, name, 'done' FROM {table} ORDER BY id"),
        ..TOOL
    },
    Tool {
        name: "Atlas",
        table: Some("atlas_schema_revisions"),
        schema: Some("atlas_schema_revisions"),
        columns: &[
            "version",
            "description",
            "type",
            "applied",
            "total",
            "executed_at",
            "execution_time",
            "error",
            "hash",
            "partial_hashes",
            "operator_version",
        ],
        may_have: &["error_stmt"],
        // A version that begins with a dot is about Atlas itself.
        rows: Some(
            "SELECT version, description, \
             CASE WHEN error IS NOT NULL AND error <> '' THEN 'failed' WHEN applied < total THEN 'dirty' ELSE 'done' END \
             FROM {table} WHERE version NOT LIKE '.%' ORDER BY version",
        ),
        ..TOOL
    },
    Tool {
        name: "Sequelize",
        table: Some("SequelizeMeta"),
        columns: &["name"],
        rows: Some(
            "SELECT regexp_replace(name, '[.][a-z]+$', ''), NULL, 'done' FROM {table} ORDER BY name",
        ),
        ..TOOL
    },
    Tool {
        name: "TypeORM",
        table: Some("migrations"),
        columns: &["id", "timestamp", "name"],
        rows: Some("SELECT \"timestamp\", name, 'done' FROM {table} ORDER BY id"),
        ..TOOL
    },
    Tool {
        name: "Laravel",
        table: Some("migrations"),
        columns: &["id", "migration", "batch"],
        rows: Some("SELECT migration, NULL, 'done' FROM {table} ORDER BY id"),
        ..TOOL
    },
    Tool {
        name: "db-migrate",
        table: Some("migrations"),
        columns: &["id", "name", "run_on"],
        rows: Some("SELECT ltrim(name, '/'), NULL, 'done' FROM {table} ORDER BY id"),
        ..TOOL
    },
    Tool {
        name: "Entity Framework",
        table: Some("__EFMigrationsHistory"),
        columns: &["MigrationId", "ProductVersion"],
        rows: Some("SELECT \"MigrationId\", NULL, 'done' FROM {table} ORDER BY 1"),
        ..TOOL
    },
    Tool {
        name: "Entity Framework",
        table: Some("__EFMigrationsHistory"),
        columns: &["migration_id", "product_version"],
        rows: Some("SELECT migration_id, NULL, 'done' FROM {table} ORDER BY 1"),
        ..TOOL
    },
    Tool {
        name: "Ecto",
        table: Some("schema_migrations"),
        columns: &["version", "inserted_at"],
        rows: Some("SELECT version, NULL, 'done' FROM {table} ORDER BY version"),
        ..TOOL
    },
    Tool {
        name: "Drizzle",
        table: Some("__drizzle_migrations"),
        schema: Some("drizzle"),
        columns: &["id", "hash", "created_at"],
        rows: Some("SELECT hash, NULL, 'done' FROM {table} ORDER BY id"),
        ..TOOL
    },
    Tool {
        name: "Kysely",
        table: Some("kysely_migration"),
        columns: &["name", "timestamp"],
        rows: Some("SELECT name, NULL, 'done' FROM {table} ORDER BY \"timestamp\", name"),
        ..TOOL
    },
    Tool {
        name: "Kysely",
        table: Some("kysely_migration_lock"),
        columns: &["id", "is_locked"],
        ..TOOL
    },
    Tool {
        name: "node-pg-migrate",
        table: Some("pgmigrations"),
        columns: &["id", "name", "run_on"],
        rows: Some("SELECT name, NULL, 'done' FROM {table} ORDER BY run_on, id"),
        ..TOOL
    },
    Tool {
        name: "Graphile Migrate",
        table: Some("migrations"),
        schema: Some("graphile_migrate"),
        columns: &["hash", "previous_hash", "filename", "date"],
        rows: Some(
            "SELECT regexp_replace(filename, '[.]sql$', ''), NULL, 'done' FROM {table} ORDER BY filename",
        ),
        ..TOOL
    },
    Tool {
        name: "pgroll",
        table: Some("migrations"),
        schema: Some("pgroll"),
        columns: &[
            "schema",
            "name",
            "migration",
            "created_at",
            "updated_at",
            "parent",
            "done",
            "resulting_schema",
        ],
        may_have: &["migration_type"],
        rows: Some(
            "SELECT name, NULL, CASE WHEN done THEN 'done' ELSE 'dirty' END FROM {table} ORDER BY created_at, name",
        ),
        ..TOOL
    },
    Tool {
        name: "Sqitch",
        table: Some("changes"),
        schema: Some("sqitch"),
        columns: &[
            "change_id",
            "script_hash",
            "change",
            "project",
            "note",
            "committed_at",
            "committer_name",
            "committer_email",
            "planned_at",
            "planner_name",
            "planner_email",
        ],
        rows: Some("SELECT change, NULL, 'done' FROM {table} ORDER BY committed_at, change"),
        ..TOOL
    },
    Tool {
        name: "Supabase",
        table: Some("schema_migrations"),
        schema: Some("supabase_migrations"),
        columns: &["version", "statements", "name"],
        may_have: &["created_by", "idempotency_key", "rollback"],
        rows: Some("SELECT version, name, 'done' FROM {table} ORDER BY version"),
        ..TOOL
    },
    // Its users may name the table.
    Tool {
        name: "refinery",
        columns: &["version", "name", "applied_on", "checksum"],
        rows: Some("SELECT version, name, 'done' FROM {table} ORDER BY version"),
        ..TOOL
    },
];
