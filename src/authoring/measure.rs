//! What a migration does to the tables that were there before it: table locks, rewrites, rows.
//!
//! In a transaction all of it is measured just before COMMIT, when PostgreSQL still holds every table lock. Statements
//! that refuse a transaction hold theirs for moments that nobody else can watch for sure. There are few of them, and for
//! each the documentation of PostgreSQL says which one it takes; so there the kind of statement tells.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;

use super::script::{Broken, Script, begin};
use super::session::Session;
use crate::check::seal::Rows;
use crate::source::TableLock;

/// What was measured.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Measures {
    /// The strongest table lock of each.
    pub(super) locks: BTreeMap<String, TableLock>,
    /// Those that got a new file with rows in it.
    pub(super) rewrites: BTreeSet<String>,
    /// The rows read and written, where there were any.
    pub(super) rows: BTreeMap<String, Rows>,
}

/// SQLSTATEs of a statement that refuses to run in a transaction, and of a block that ends transactions itself.
const REFUSED: [&str; 2] = ["25001", "2D000"];

/// The relations that hold rows or show them, each with its name as the schema has it, its file, and its indexes.
const RELATIONS: &str = r"
SELECT c.oid,
    CASE nspname WHEN 'public' THEN '' ELSE quote_ident(nspname) || '.' END || quote_ident(relname),
    CASE WHEN relkind IN ('r', 'm') THEN relfilenode ELSE 0 END,
    ARRAY(SELECT indexrelid FROM pg_index WHERE indrelid = c.oid)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND relkind IN ('r', 'p', 'm', 'v', 'f')";

const LOCKS: &str = "
SELECT relation, mode FROM pg_locks
WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// An empty file is none that was written again: TRUNCATE leaves one.
const FILES: &str =
    "SELECT oid, relfilenode FROM pg_class WHERE oid = ANY($1) AND pg_relation_size(oid) > 0";

/// What this session has counted and not yet passed on, for tables and indexes that may be gone.
const COUNTS: &str = "
SELECT o, pg_stat_get_xact_tuples_returned(o), pg_stat_get_xact_tuples_fetched(o),
    pg_stat_get_xact_tuples_inserted(o) + pg_stat_get_xact_tuples_updated(o) + pg_stat_get_xact_tuples_deleted(o)
FROM unnest($1::oid[]) AS o";

struct Relation {
    name: String,
    file: u32,
    indexes: Vec<u32>,
}

/// The relations that are there before a migration, and what was counted for them by then.
struct Before {
    relations: BTreeMap<u32, Relation>,
    counts: BTreeMap<u32, [i64; 3]>,
}

/// Runs a migration in a transaction, measures, and commits; where it fails nothing of it stays.
pub(super) async fn in_transaction(session: &Session, script: &Script) -> Result<Measures, Broken> {
    let result = measured(session, script).await;
    let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = session.batch_execute(end).await;
    let measures = result?;
    ended.map_err(|error| Broken::at(None, &error))?;
    Ok(measures)
}

async fn measured(session: &Session, script: &Script) -> Result<Measures, Broken> {
    let framed = |error| Broken::at(None, &error);
    begin(session).await.map_err(framed)?;
    let before = Before::read(session).await.map_err(framed)?;
    script.run_within(session).await?;
    before.measure(session).await.map_err(framed)
}

/// Runs a migration statement by statement.
pub(super) async fn one_by_one(session: &Session, script: &Script) -> Result<Measures, Broken> {
    let mut measures = Measures::default();
    for nth in 0..script.statements.len() {
        let at = |error| Broken::at(Some(nth), &error);
        let one = Script {
            statements: vec![script.statements[nth]],
            ..script.clone()
        };
        // Whatever does not refuse a transaction is measured in one.
        match in_transaction(session, &one).await {
            Ok(more) => measures.add(more),
            Err(broken) if REFUSED.contains(&broken.code()) => {
                let statement = script.statement(nth);
                let before = Before::read(session).await.map_err(at)?;
                // An index that goes is not there afterwards to be found by its name.
                let named = before.named(session, statement).await.map_err(at)?;
                session.batch_execute(statement).await.map_err(at)?;
                measures.locks_of(statement, &before.tables(named));
                measures
                    .rewrites
                    .extend(before.rewrites(session).await.map_err(at)?);
            }
            Err(broken) => {
                return Err(Broken {
                    statement: Some(nth),
                    ..broken
                });
            }
        }
    }
    Ok(measures)
}

impl Measures {
    /// Adds what is known of a statement that refuses a transaction, and of the tables it is about.
    fn locks_of(&mut self, statement: &str, tables: &[&Relation]) {
        let Some(kind) = Kind::of(statement) else {
            return;
        };
        let lock = |nth: usize| match (kind, nth) {
            // The partitioned table is named first, then what leaves it.
            (Kind::Detach, 1) => TableLock::AccessExclusive,
            _ => kind.lock(),
        };
        let locks = tables
            .iter()
            .enumerate()
            .map(|(nth, table)| (table.name.clone(), lock(nth)))
            .collect();
        self.add(Self {
            locks,
            ..Self::default()
        });
    }

    /// Takes what another measurement of the same migration adds.
    pub(super) fn add(&mut self, other: Self) {
        for (table, lock) in other.locks {
            let strongest = self.locks.entry(table).or_insert(lock);
            *strongest = lock.max(*strongest);
        }
        self.rewrites.extend(other.rewrites);
        for (table, rows) in other.rows {
            let sum = self.rows.entry(table).or_default();
            sum.read += rows.read;
            sum.written += rows.written;
        }
    }
}

impl Before {
    async fn read(client: &Client) -> Result<Self, tokio_postgres::Error> {
        let relations: BTreeMap<u32, Relation> = client
            .query(RELATIONS, &[])
            .await?
            .iter()
            .map(|row| {
                let relation = Relation {
                    name: row.get(1),
                    file: row.get(2),
                    indexes: row.get(3),
                };
                (row.get(0), relation)
            })
            .collect();
        let mut before = Self {
            relations,
            counts: BTreeMap::new(),
        };
        before.counts = before.count(client).await?;
        Ok(before)
    }

    async fn measure(&self, client: &Client) -> Result<Measures, tokio_postgres::Error> {
        Ok(Measures {
            locks: self.locks(client).await?,
            rewrites: self.rewrites(client).await?,
            rows: self.rows(client).await?,
        })
    }

    async fn locks(
        &self,
        client: &Client,
    ) -> Result<BTreeMap<String, TableLock>, tokio_postgres::Error> {
        let mut locks = BTreeMap::new();
        for row in client.query(LOCKS, &[]).await? {
            let (oid, mode): (u32, &str) = (row.get(0), row.get(1));
            if let (Some(relation), Ok(lock)) =
                (self.relations.get(&oid), mode.parse::<TableLock>())
            {
                let strongest = locks.entry(relation.name.clone()).or_insert(lock);
                *strongest = lock.max(*strongest);
            }
        }
        Ok(locks)
    }

    async fn rewrites(&self, client: &Client) -> Result<BTreeSet<String>, tokio_postgres::Error> {
        let oids: Vec<u32> = self.relations.keys().copied().collect();
        let files = client.query(FILES, &[&oids]).await?;
        let rewritten = files.iter().filter_map(|row| {
            let relation = self.relations.get(&row.get(0))?;
            (relation.file != 0 && relation.file != row.get::<_, u32>(1))
                .then(|| relation.name.clone())
        });
        Ok(rewritten.collect())
    }

    async fn rows(&self, client: &Client) -> Result<BTreeMap<String, Rows>, tokio_postgres::Error> {
        let counts = self.count(client).await?;
        let since = |oid: &u32, nth: usize| {
            let of =
                |counts: &BTreeMap<u32, [i64; 3]>| counts.get(oid).map_or(0, |counts| counts[nth]);
            u64::try_from(of(&counts) - of(&self.counts)).unwrap_or(0)
        };
        let rows = self.relations.iter().map(|(oid, relation)| {
            let fetched: u64 = relation
                .indexes
                .iter()
                .chain([oid])
                .map(|oid| since(oid, 1))
                .sum();
            let rows = Rows {
                read: since(oid, 0) + fetched,
                written: since(oid, 2),
            };
            (relation.name.clone(), rows)
        });
        Ok(rows.filter(|(_, rows)| *rows != Rows::default()).collect())
    }

    async fn count(
        &self,
        client: &Client,
    ) -> Result<BTreeMap<u32, [i64; 3]>, tokio_postgres::Error> {
        let indexes = self
            .relations
            .values()
            .flat_map(|relation| relation.indexes.iter());
        let oids: Vec<u32> = self.relations.keys().chain(indexes).copied().collect();
        let counts = client.query(COUNTS, &[&oids]).await?;
        Ok(counts
            .iter()
            .map(|row| (row.get(0), [row.get(1), row.get(2), row.get(3)]))
            .collect())
    }

    /// Those with rows, where a statement names none.
    fn tables<'a>(&'a self, named: Vec<&'a Relation>) -> Vec<&'a Relation> {
        if named.is_empty() {
            let tables = self.relations.values();
            return tables.filter(|relation| relation.file != 0).collect();
        }
        named
    }

    /// The tables that words of the statement name, or whose indexes they name, in the order of the words.
    async fn named(
        &self,
        client: &Client,
        statement: &str,
    ) -> Result<Vec<&Relation>, tokio_postgres::Error> {
        let words: Vec<&str> = statement
            .split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '$' | '.' | '"'))
            .filter(|word| is_name(word))
            .collect();
        let oids = "SELECT coalesce(indrelid, c.oid) FROM unnest($1::text[]) WITH ORDINALITY AS w(word, nth)
            JOIN pg_class AS c ON c.oid = to_regclass(word)
            LEFT JOIN pg_index ON indexrelid = c.oid ORDER BY nth";
        let rows = client.query(oids, &[&words]).await?;
        Ok(rows
            .iter()
            .filter_map(|row| self.relations.get(&row.get(0)))
            .collect())
    }
}

/// What `to_regclass` takes without an error.
fn is_name(word: &str) -> bool {
    word.split('.').all(|part| {
        let bare = part
            .strip_prefix('"')
            .and_then(|part| part.strip_suffix('"'));
        match bare {
            Some(bare) => !bare.is_empty() && !bare.contains('"'),
            None => {
                !part.contains('"') && part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            }
        }
    })
}

/// The statements that refuse a transaction and lock tables.
/// <https://www.postgresql.org/docs/18/explicit-locking.html#LOCKING-TABLES>
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// CREATE, DROP and REINDEX with CONCURRENTLY, and VACUUM.
    Concurrent,
    /// DETACH PARTITION CONCURRENTLY.
    Detach,
    /// REINDEX of many tables.
    Reindex,
    /// VACUUM FULL, and CLUSTER of all tables.
    Whole,
}

impl Kind {
    fn of(statement: &str) -> Option<Self> {
        let upper = statement.to_ascii_uppercase();
        let has = |word: &str| {
            upper
                .split(|c: char| !c.is_alphanumeric())
                .any(|other| other == word)
        };
        let kind = match () {
            () if has("DETACH") => Self::Detach,
            () if has("INDEX") && has("CONCURRENTLY") || has("REINDEX") && has("CONCURRENTLY") => {
                Self::Concurrent
            }
            () if has("REINDEX") => Self::Reindex,
            () if has("VACUUM") && has("FULL") || has("CLUSTER") => Self::Whole,
            () if has("VACUUM") => Self::Concurrent,
            () => return None,
        };
        Some(kind)
    }

    fn lock(self) -> TableLock {
        match self {
            Self::Concurrent | Self::Detach => TableLock::ShareUpdateExclusive,
            Self::Reindex => TableLock::Share,
            Self::Whole => TableLock::AccessExclusive,
        }
    }
}
