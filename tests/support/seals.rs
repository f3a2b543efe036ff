//! Seals for migrations of a test's own: what they do to the schema, read in a database that is thrown away.

use dsentr_migrate::apply::scope;
use dsentr_migrate::config::HistoryTable;
use dsentr_migrate::embedded::{Migration, Mode, Seal, Way};
use dsentr_migrate::schema::{Objects, Schema};

use super::library::Library;
use super::server::{Server, Session};

/// The same migrations, sealed.
pub(crate) async fn sealed(library: Library) -> Library {
    let database = Server::shared().database();
    let session = database.session().await;
    let mut before = objects(&session).await;
    let mut migrations = Vec::new();
    for migration in library.0 {
        apply(&session, migration).await;
        let after = objects(&session).await;
        let seal: &Seal = Box::leak(Box::new(seal(&before, &after)));
        migrations.push(Migration {
            seal: Some(seal),
            ..*migration
        });
        before = after;
    }
    session.close().await;
    Library(migrations.leak())
}

async fn apply(session: &Session, migration: &Migration) {
    let script = migration.script(Way::Forward);
    if migration.mode == Mode::Transaction {
        super::schema::apply(session, migration).await;
        return;
    }
    for nth in 0..script.statements.len() {
        session.batch(script.statement(nth)).await;
    }
}

async fn objects(session: &Session) -> Objects {
    let history = HistoryTable {
        schema: "public".to_owned(),
        table: "refinery_schema_history".to_owned(),
    };
    let schema = Schema::read(session, scope(&history)).await;
    schema.expect("the schema can be read").objects
}

fn seal(before: &Objects, after: &Objects) -> Seal {
    let leaked = |objects: Vec<(&String, &String)>| -> &'static [(&'static str, &'static str)] {
        let texts = objects.into_iter().map(|(object, definition)| {
            let text = |text: &String| -> &'static str { text.clone().leak() };
            (text(object), text(definition))
        });
        texts.collect::<Vec<_>>().leak()
    };
    let added = after
        .iter()
        .filter(|(object, _)| !before.contains_key(*object));
    let changed = after
        .iter()
        .filter(|(object, now)| before.get(*object).is_some_and(|then| then != *now));
    let dropped = before.keys().filter(|object| !after.contains_key(*object));
    Seal {
        proven_on: &[],
        rerunnable: false,
        locks: &[],
        rewrites: &[],
        rows: &[],
        added: leaked(added.collect()),
        changed: leaked(changed.collect()),
        dropped: dropped
            .map(|object| -> &'static str { object.clone().leak() })
            .collect::<Vec<_>>()
            .leak(),
    }
}
