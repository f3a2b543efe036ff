//! What a migration has left in its session, taken away: what runs after it must not depend on where a run was split, and
//! behind a pooler the next client must not find it.
//!
//! The build refuses what it sees of that in a file, and the proof what it sees on a server; this is for what a function
//! does all the same. It is no message of its own, and so costs no round trip. `DISCARD ALL` would do most of it, but not in
//! a transaction, and it would give the migration lock away. Not taken away: session-level advisory locks and libraries.

use super::limits::Limits;
use crate::connect::Session;
use crate::schema::literal;

/// Each may run in a transaction, and none fails. `RESET ALL` does not reset the first two.
const RESETS: [&str; 7] = [
    "SET SESSION AUTHORIZATION DEFAULT",
    "RESET ROLE",
    "RESET ALL",
    "CLOSE ALL",
    "UNLISTEN *",
    "DISCARD TEMP",
    "DISCARD SEQUENCES",
];

/// What is prepared in a session of our own is a migration's. Behind a pooler it may be what the pooler has prepared for
/// its clients.
const PREPARED: &str = "DEALLOCATE ALL";

/// What a session of our own is sent before a step, inside of its transaction: where that is rolled back, the next try
/// does it again.
pub(super) fn before_a_step() -> impl Iterator<Item = &'static str> {
    RESETS.into_iter().chain([PREPARED])
}

/// All of it for a session of our own, with the settings that it has from the start.
pub(super) fn all(session: &Session) -> String {
    let resets: Vec<&str> = before_a_step().collect();
    format!("{}; {}", resets.join("; "), session.settings())
}

/// Commits, and leaves nothing to the next client of a pooler, who gets the server's connection at the end of this message.
/// A session of our own has that done before the next step.
pub(super) fn commit(limits: &Limits) -> Vec<String> {
    let mut commands = vec!["COMMIT".to_owned()];
    if limits.is_direct {
        return commands;
    }
    commands.extend(RESETS.map(str::to_owned));
    // Poolers follow these two, and take what the server reports for what their client wants.
    commands.push(format!(
        "SELECT pg_catalog.set_config('client_encoding', 'UTF8', false), \
         pg_catalog.set_config('application_name', {}, false)",
        literal(&limits.application_name)
    ));
    commands
}
