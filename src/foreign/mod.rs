//! Other tools that apply migrations: in which tables they keep what they have done, and what those say.
//!
//! All that is known of a tool stands in [`TOOLS`]. Their tables are theirs: they are read, and never changed, and do not
//! count as objects of the schema. What a claim is worth, `adopt` judges.

mod claim;
mod history;
mod tools;

pub use self::claim::{Claim, Entry, Outcome, claims};
pub(crate) use self::history::history_tables;
pub use self::history::{History, Row, histories};
pub use self::tools::{Keeps, TOOLS, Tool};
use crate::history::KEPT;

/// Whether this role may read all rows of the table `c` in the namespace `n`.
const READABLE: &str = "pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
     AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AND NOT pg_catalog.row_security_active(c.oid)";

/// The columns of the table `c`, in order.
const COLUMNS: &str = "ARRAY(SELECT attname::text FROM pg_catalog.pg_attribute \
     WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attname COLLATE \"C\")";

/// A query for the tables of other tools: number of the tool, object identifier, schema, name, whether this role may read
/// it. The scope of the reader is put into it. A table of that name with other columns is not the tool's.
pub(crate) fn tables() -> String {
    let values = TOOLS.iter().enumerate().map(|(nth, tool)| {
        let name =
            |name: Option<&str>| name.map_or_else(|| "NULL".to_owned(), |name| format!("'{name}'"));
        let (known, home) = (name(tool.table), name(tool.schema));
        let (columns, may_have) = (array(tool.columns), array(tool.may_have));
        format!("({nth}, {known}, {home}, {columns}, {may_have})")
    });
    let values = values.collect::<Vec<_>>().join(", ");
    // Histories of ours that others have taken the place of, whatever their columns are. They claim nothing.
    let kept = format!(
        "pg_catalog.starts_with(CAST(relname AS text), {{history}} || '{KEPT}') AND relname ~ '{KEPT}[0-9]+$'"
    );
    // No step compares each table with each tool: a name or a column is the same, by which the rows are joined.
    format!(
        "WITH tool (nth, known, home, columns, may_have) AS (VALUES {values}), \
         found AS (SELECT tool.*, c.oid FROM tool JOIN pg_catalog.pg_class AS c ON relname = known::name \
         UNION ALL SELECT tool.*, attrelid FROM tool JOIN pg_catalog.pg_attribute \
         ON attname = CASE WHEN known IS NULL THEN columns[1]::name END) \
         SELECT nth, c.oid, nspname, relname, {READABLE} AS readable \
         FROM (SELECT found.*, {COLUMNS} AS there FROM found JOIN pg_catalog.pg_class AS c USING (oid) WHERE relkind = 'r') \
         AS found JOIN pg_catalog.pg_class AS c USING (oid) JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace \
         WHERE ({{spaces}} OR nspname = home) \
         AND NOT (nspname = {{history_schema}} AND (relname IN ({{history}}, {{ledger}}) OR {kept})) \
         AND columns <@ there AND there <@ (columns || may_have) \
         UNION ALL SELECT {}, c.oid, nspname, relname, false \
         FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace \
         WHERE relkind = 'r' AND nspname = {{history_schema}} AND {kept}",
        TOOLS.len()
    )
}

fn array(columns: &[&str]) -> String {
    let columns: Vec<String> = columns.iter().map(|column| format!("'{column}'")).collect();
    format!("ARRAY[{}]::text[]", columns.join(", "))
}

/// The functions that tools make for their users, as rows of number of the tool and name.
pub(crate) fn functions() -> String {
    let all = TOOLS.iter().enumerate().flat_map(|(nth, tool)| {
        let functions = tool.functions.iter();
        functions.map(move |function| format!("({nth}, '{function}')"))
    });
    all.collect::<Vec<_>>().join(", ")
}
