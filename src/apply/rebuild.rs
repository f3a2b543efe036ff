//! What is sent around the rows of a history that is written anew: the table that was there keeps its rows under another
//! name, and its owner and privileges go over to the new one.

use std::fmt::Write as _;

use tokio_postgres::SimpleQueryMessage;

use crate::config::HistoryTable;
use crate::connect::{Session, broken};
use crate::error::Error;
use crate::history::Row;
use crate::source::Version;
use crate::sql::literal;

/// A history that is there, and makes room for another.
#[derive(Debug, Clone)]
pub struct Rebuild {
    /// What its table is called from then on.
    pub kept: HistoryTable,
    /// The rows that are as they should be: when they were applied is taken over.
    pub intact: Vec<Row>,
}

/// The first free name for the table that is there.
///
/// # Errors
/// The connection is lost, or the server refused the question.
pub async fn free_name(session: &Session, history: &HistoryTable) -> Result<HistoryTable, Error> {
    let sql = format!(
        "{}SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {}",
        session.without_timeouts(),
        literal(&history.schema)
    );
    let answer = session.client.simple_query(&sql).await;
    let answer =
        answer.map_err(|error| broken("the names of the tables cannot be read", &error))?;
    let taken: Vec<&str> = answer
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        })
        .collect();
    let mut names = (1_u32..).map(|nth| history.kept(nth));
    let free = names.find(|name| !taken.contains(&name.table.as_str()));
    free.ok_or_else(|| anyhow::anyhow!("all names are taken").into())
}

impl Rebuild {
    /// Before the new table is made.
    pub(super) fn before(&self, history: &HistoryTable) -> String {
        let kept = crate::sql::quote(&self.kept.table);
        format!("ALTER TABLE {} RENAME TO {kept};\n", history.qualified())
    }

    /// After the rows are written, up to this version.
    pub(super) fn after(&self, history: &HistoryTable, to: Version) -> String {
        let mut sql = self.times(history, to);
        let _ = write!(
            sql,
            "DO $rebuild$\n\
             DECLARE\n    \
                 was record;\n    \
                 granted text;\n\
             BEGIN\n    \
                 SELECT relowner, rolname, relacl INTO was\n    \
                 FROM pg_catalog.pg_class JOIN pg_catalog.pg_roles ON pg_roles.oid = relowner\n    \
                 WHERE pg_class.oid = pg_catalog.to_regclass({kept});\n    \
                 FOR granted IN\n        \
                     SELECT pg_catalog.format('GRANT %s ON TABLE %s TO %s%s', privilege_type, {table},\n            \
                         coalesce(pg_catalog.quote_ident(rolname), 'PUBLIC'),\n            \
                         CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)\n        \
                     FROM pg_catalog.aclexplode(was.relacl) LEFT JOIN pg_catalog.pg_roles ON oid = grantee\n        \
                     WHERE grantee <> was.relowner\n    \
                 LOOP\n        \
                     EXECUTE granted;\n    \
                 END LOOP;\n    \
                 IF was.rolname <> current_user THEN\n        \
                     EXECUTE pg_catalog.format('ALTER TABLE %s OWNER TO %I', {table}, was.rolname);\n    \
                 END IF;\n\
             END\n\
             $rebuild$;\n",
            kept = literal(&self.kept.qualified()),
            table = literal(&history.qualified()),
        );
        sql
    }

    fn times(&self, history: &HistoryTable, to: Version) -> String {
        let intact = self.intact.iter().filter(|row| row.version <= to);
        let times = intact.filter_map(|row| {
            let time = literal(row.applied_on.as_ref()?);
            Some(format!("({}, {time})", row.version.as_i64()))
        });
        let times: Vec<String> = times.collect();
        if times.is_empty() {
            return String::new();
        }
        format!(
            "UPDATE {} AS history SET applied_on = intact.applied_on FROM (VALUES {}) AS intact (version, applied_on) \
             WHERE history.version = intact.version;\n",
            history.qualified(),
            times.join(", ")
        )
    }
}
