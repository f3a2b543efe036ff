//! Other tools that apply migrations: in which tables they keep what they have done, and what those say.
//!
//! All that is known of a tool stands in [`TOOLS`]. Their tables are theirs: they are read, and never changed, and do not
//! count as objects of the schema. What a claim is worth, `adopt` judges.

mod claim;
mod tools;

pub use self::claim::{Claim, Entry, Outcome, claims};
pub use self::tools::{Keeps, TOOLS, Tool};

/// A query for the tables of other tools: number of the tool, object identifier, schema, name, whether
/// this role may read it. The scope of the reader is
/// put into it. A table of that name with other columns is not the tool's.
pub(crate) fn tables() -> String {
    let values = TOOLS.iter().enumerate().map(|(nth, tool)| {
        let name = tool
            .table
            .map_or_else(|| "NULL".to_owned(), |name| format!("'{name}'"));
        let mut columns = tool.columns.to_vec();
        columns.sort_unstable();
        format!("({nth}, {name}, ARRAY['{}'])", columns.join("', '"))
    });
    let values = values.collect::<Vec<_>>().join(", ");
    format!(
        "SELECT nth, c.oid, nspname, relname, \
         pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable \
         FROM (VALUES {values}) AS tool (nth, known, columns) \
         JOIN pg_catalog.pg_class AS c ON relkind = 'r' AND relname = coalesce(known, relname) \
         JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace \
         WHERE {{spaces}} AND NOT (nspname = {{history_schema}} AND relname IN ({{history}}, {{ledger}})) \
         AND columns = ARRAY(SELECT attname::text FROM pg_catalog.pg_attribute \
         WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attname COLLATE \"C\")"
    )
}

/// The functions that tools make for their users, as rows of number of the tool and name.
pub(crate) fn functions() -> String {
    let all = TOOLS.iter().enumerate().flat_map(|(nth, tool)| {
        let functions = tool.functions.iter();
        functions.map(move |function| format!("({nth}, '{function}')"))
    });
    all.collect::<Vec<_>>().join(", ")
}
