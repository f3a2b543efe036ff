//! Seals for migrations that have none, gathered by reading the schema of a pristine database after each of them. They
//! hold the objects and nothing else: what `verify` needs.

use dsentr_migrate::config::HistoryTable;
use dsentr_migrate::embedded::{Migration, Mode, Seal};
use dsentr_migrate::schema::{Objects, Schema, Scope};

use super::schema::apply;
use super::server::{Server, Session, describe};

/// The migrations with a seal each: their own where all have one, else such as this server shows.
pub(crate) async fn sealed(
    migrations: &'static [Migration],
    server: &Server,
) -> &'static [Migration] {
    if migrations.iter().all(|migration| migration.seal.is_some()) {
        return migrations;
    }
    let database = server.database();
    let session = database.session().await;
    let mut before = read(&session).await;
    let mut sealed = Vec::new();
    for migration in migrations {
        if migration.mode == Mode::Transaction {
            apply(&session, migration).await;
        } else {
            one_by_one(&session, migration).await;
        }
        let after = read(&session).await;
        sealed.push(Migration {
            seal: Some(seal(&before, &after)),
            ..*migration
        });
        before = after;
    }
    sealed.leak()
}

async fn one_by_one(session: &Session, migration: &Migration) {
    for nth in 0..migration.statements.len() {
        session.batch(migration.statement(nth)).await;
    }
}

fn seal(before: &Objects, after: &Objects) -> &'static Seal {
    let leak = |(object, definition): (&String, &String)| -> (&'static str, &'static str) {
        (object.clone().leak(), definition.clone().leak())
    };
    let added = after
        .iter()
        .filter(|(object, _)| !before.contains_key(*object));
    let changed = after.iter().filter(|(object, definition)| {
        before
            .get(*object)
            .is_some_and(|other| other != *definition)
    });
    let dropped = before.keys().filter(|object| !after.contains_key(*object));
    Box::leak(Box::new(Seal {
        proven_on: &[],
        rerunnable: false,
        locks: &[],
        rewrites: &[],
        rows: &[],
        added: added.map(leak).collect::<Vec<_>>().leak(),
        changed: changed.map(leak).collect::<Vec<_>>().leak(),
        dropped: dropped
            .map(|object| -> &'static str { object.clone().leak() })
            .collect::<Vec<_>>()
            .leak(),
    }))
}

async fn read(session: &Session) -> Objects {
    let history = HistoryTable {
        schema: "public".to_owned(),
        table: "refinery_schema_history".to_owned(),
    };
    let scope = Scope {
        history: &history,
        schemas: None,
        major: session.major().await,
        cluster: false,
    };
    match Schema::read(session, scope).await {
        Ok(schema) => schema.objects,
        Err(error) => panic!("{}", describe(&error)),
    }
}
