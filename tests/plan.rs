//! What `plan` says of sealed steps, with seals of the test's own.

mod support;

use std::collections::BTreeMap;

use dsentr_migrate::check::seal::{Rows, Seal};
use dsentr_migrate::cli::Command;
use dsentr_migrate::config::Format;
use dsentr_migrate::source::TableLock;
use support::golden::golden;
use support::library::Library;
use support::mask::mask;
use support::server::Server;

const FILES: [(&str, &str); 6] = [
    (
        "2025_01_01_1_create_users.sql",
        "-- Users.\nCREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, size int, plan text);\n\n-- Rollback:\n--   DROP TABLE users;\n--   -- Data loss: all users.\n",
    ),
    (
        "2025_01_02_1_size_in_bytes.sql",
        "-- Sizes are in bytes now.\n-- Not rerunnable: the plan is gone after the first run.\n-- allow: column-type: the application reads both.\n-- allow: drop-column: the application has forgotten plans.\n-- allow: table-rewrite: there are a hundred users.\n-- allow: long-table-lock: it takes less than a second.\n-- Data loss: the plan of each user.\nALTER TABLE users ALTER COLUMN size TYPE bigint, DROP COLUMN plan;\n\n-- Rollback:\n--   ALTER TABLE users ALTER COLUMN size TYPE int, ADD COLUMN plan text;\n--   -- Data loss: it fails where a size is too large.\n--   -- Data loss: plans that were set since.\n",
    ),
    (
        "2025_01_03_1_index_size.sql",
        "-- Users are listed by size.\n-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS users_size_idx ON public.users (size);\n\n-- Rollback:\n--   DROP INDEX CONCURRENTLY IF EXISTS public.users_size_idx;\n",
    ),
    (
        "2025_01_04_1_forget_old_users.sql",
        "-- The law wants it.\n-- Data loss: users without a size.\nDELETE FROM users WHERE size IS NULL;\n\n-- Irreversible: nobody kept them.\n",
    ),
    (
        "2025_01_05_1_touch_users.sql",
        "-- The trigger wants to see them.\nUPDATE users SET id = id;\n\n-- Nothing to undo: it changes nothing.\n",
    ),
    (
        "2025_01_06_1_add_note.sql",
        "-- Notes.\nALTER TABLE users ADD COLUMN IF NOT EXISTS note text;\n\n-- Rollback:\n--   ALTER TABLE users DROP COLUMN note;\n--   -- Data loss: all notes.\n",
    ),
];

fn map<const N: usize, T>(rows: [(&str, T); N]) -> BTreeMap<String, T> {
    rows.map(|(key, value)| (key.to_owned(), value)).into()
}

fn owned<const N: usize>(rows: [(&str, &str); N]) -> BTreeMap<String, String> {
    map(rows.map(|(key, value)| (key, value.to_owned())))
}

/// Made up; the last one is not sealed.
fn evidence(seal: Seal) -> Option<Seal> {
    let rows = |read, written| map([("users", Rows { read, written })]);
    let seal = match seal.stem.as_str() {
        "2025_01_01_1_create_users" => Seal {
            proven_on: (13..=18).collect(),
            added: owned([
                ("table users", ""),
                ("column users.size", "integer"),
                ("column users.plan", "text"),
            ]),
            ..seal
        },
        "2025_01_02_1_size_in_bytes" => Seal {
            proven_on: [13, 14, 18].into(),
            locks: map([
                ("users", TableLock::AccessExclusive),
                ("workflows", TableLock::AccessExclusive),
                ("teams", TableLock::ShareRowExclusive),
                ("plans", TableLock::Share),
                ("runs", TableLock::RowExclusive),
            ]),
            rewrites: ["users".to_owned()].into(),
            rows: rows(3, 3),
            changed: owned([("column users.size", "bigint")]),
            dropped: ["column users.plan".to_owned()].into(),
            ..seal
        },
        "2025_01_03_1_index_size" => Seal {
            locks: map([("users", TableLock::ShareUpdateExclusive)]),
            rows: rows(6, 0),
            ..seal
        },
        "2025_01_04_1_forget_old_users" => Seal {
            proven_on: [18].into(),
            locks: map([("users", TableLock::RowExclusive)]),
            rows: rows(3, 1),
            ..seal
        },
        "2025_01_05_1_touch_users" => seal,
        _ => return None,
    };
    Some(seal)
}

#[tokio::test]
async fn a_plan_says_what_each_step_keeps_the_application_from() {
    let database = Server::shared().database();
    let library = Library::sealed(&FILES, evidence);
    for (format, file) in [
        (Format::Text, "plan_evidence.txt"),
        (Format::Json, "plan_evidence.json"),
    ] {
        let url = database.url();
        let plan = Command::Plan { to: None };
        let ended = library
            .run_with(&[("DATABASE_URL", &url)], plan, format)
            .await;
        golden(file, &mask(&ended.text(), &database));
    }
}
