//! What a user can set on an object, by name.
//!
//! The catalogs keep options and privileges in open lists, into which a newer server may write something of its own: the
//! minors of November 2026 keep `pg_attver` among the options of a column. What is not in these lists is never compared.
//! The reader reports it as unknown.

/// `ALTER TABLE ... ALTER COLUMN ... SET (...)`.
/// <https://www.postgresql.org/docs/current/sql-altertable.html>
const COLUMN_OPTIONS: &[&str] = &["n_distinct", "n_distinct_inherited"];

/// `WITH (...)` of a table or a materialized view of the access method heap, and with `toast.` before it of its TOAST
/// table. <https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-STORAGE-PARAMETERS>
const TABLE_OPTIONS: &[&str] = &[
    "autovacuum_analyze_scale_factor",
    "autovacuum_analyze_threshold",
    "autovacuum_enabled",
    "autovacuum_freeze_max_age",
    "autovacuum_freeze_min_age",
    "autovacuum_freeze_table_age",
    "autovacuum_multixact_freeze_max_age",
    "autovacuum_multixact_freeze_min_age",
    "autovacuum_multixact_freeze_table_age",
    "autovacuum_parallel_workers",
    "autovacuum_vacuum_cost_delay",
    "autovacuum_vacuum_cost_limit",
    "autovacuum_vacuum_insert_scale_factor",
    "autovacuum_vacuum_insert_threshold",
    "autovacuum_vacuum_max_threshold",
    "autovacuum_vacuum_scale_factor",
    "autovacuum_vacuum_threshold",
    "fillfactor",
    "log_autovacuum_min_duration",
    "parallel_workers",
    "toast_tuple_target",
    "user_catalog_table",
    "vacuum_index_cleanup",
    "vacuum_max_eager_freeze_failure_rate",
    "vacuum_truncate",
];

/// `WITH (...)` of a view. <https://www.postgresql.org/docs/current/sql-createview.html>
const VIEW_OPTIONS: &[&str] = &["check_option", "security_barrier", "security_invoker"];

/// `WITH (...)` of an index whose access method comes with the server.
/// <https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-STORAGE-PARAMETERS>
const INDEX_OPTIONS: &[&str] = &[
    "autosummarize",
    "buffering",
    "deduplicate_items",
    "fastupdate",
    "fillfactor",
    "gin_pending_list_limit",
    "pages_per_range",
];

/// What can be granted on each kind of object. `foreign` is a foreign data wrapper.
/// <https://www.postgresql.org/docs/current/ddl-priv.html#PRIVILEGES-SUMMARY-TABLE>
const PRIVILEGES: &[(&str, &[&str])] = &[
    ("column", &["INSERT", "REFERENCES", "SELECT", "UPDATE"]),
    ("database", &["CONNECT", "CREATE", "TEMPORARY"]),
    ("foreign", &["USAGE"]),
    ("function", &["EXECUTE"]),
    ("language", &["USAGE"]),
    ("large object", &["SELECT", "UPDATE"]),
    ("schema", &["CREATE", "USAGE"]),
    ("sequence", &["SELECT", "UPDATE", "USAGE"]),
    ("server", &["USAGE"]),
    (
        "table",
        &[
            "DELETE",
            "INSERT",
            "MAINTAIN",
            "REFERENCES",
            "SELECT",
            "TRIGGER",
            "TRUNCATE",
            "UPDATE",
        ],
    ),
    ("type", &["USAGE"]),
];

/// A list as SQL has it, for a placeholder of the query.
pub(super) fn list(placeholder: &str) -> Option<String> {
    Some(match placeholder {
        "column_options" => literals("", COLUMN_OPTIONS),
        "table_options" => literals("", TABLE_OPTIONS),
        "toast_options" => literals("toast.", TABLE_OPTIONS),
        "view_options" => literals("", VIEW_OPTIONS),
        "index_options" => literals("", INDEX_OPTIONS),
        "privileges" => privileges(),
        _ => return None,
    })
}

fn literals(prefix: &str, options: &[&str]) -> String {
    let options: Vec<String> = options
        .iter()
        .map(|option| format!("'{prefix}{option}'"))
        .collect();
    options.join(", ")
}

fn privileges() -> String {
    let rows = PRIVILEGES.iter().flat_map(|(kind, privileges)| {
        privileges
            .iter()
            .map(move |privilege| format!("('{kind}', '{privilege}')"))
    });
    rows.collect::<Vec<_>>().join(", ")
}
