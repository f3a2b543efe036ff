//! What is known of each tool.

/// A table of another tool.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// The name that its makers give it.
    pub name: &'static str,
    /// The name of the table; none where it is told by its columns alone.
    pub table: Option<&'static str>,
    /// All of its columns.
    pub columns: &'static [&'static str],
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
    columns: &[],
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
    // Its users may name the table.
    Tool {
        name: "refinery",
        columns: &["version", "name", "applied_on", "checksum"],
        rows: Some("SELECT version, name, 'done' FROM {table} ORDER BY version"),
        ..TOOL
    },
];
