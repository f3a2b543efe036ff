//! What a session has that a new one has not. Settings with a dot in their name, which belong to nobody, are not listed by
//! the server.

use tokio_postgres::{Client, SimpleQueryMessage};

use super::diff;
use crate::schema::{Objects, differences};

const REMAINS: &str = "
SELECT 'setting ' || name, setting FROM pg_settings WHERE source = 'session' AND name !~ '^transaction_'
UNION ALL SELECT 'role', current_user::text
UNION ALL SELECT 'session authorization', session_user::text
UNION ALL SELECT 'prepared statement ' || name, statement FROM pg_prepared_statements WHERE from_sql
UNION ALL SELECT 'cursor ' || name, statement FROM pg_cursors
UNION ALL SELECT 'channel ' || channel, '' FROM pg_listening_channels() AS channel
UNION ALL SELECT 'advisory lock ' || classid || ' ' || objid, '' FROM pg_locks
    WHERE locktype = 'advisory' AND pid = pg_backend_pid()
UNION ALL SELECT 'temporary relation ' || relname, '' FROM pg_class
    WHERE relnamespace = pg_my_temp_schema() AND relkind NOT IN ('i', 'I', 't', 'c')
UNION ALL SELECT 'temporary function ' || proname, '' FROM pg_proc WHERE pronamespace = pg_my_temp_schema()
UNION ALL SELECT 'temporary type ' || typname, '' FROM pg_type
    WHERE typnamespace = pg_my_temp_schema() AND typtype IN ('e', 'd', 'r')";

/// What a session has, by its name. Asked outside of a transaction.
pub(super) async fn remains(client: &Client) -> Result<Objects, tokio_postgres::Error> {
    let messages = client.simple_query(REMAINS).await?;
    let pairs = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((row.get(0)?.to_owned(), row.get(1)?.to_owned())),
        _ => None,
    });
    Ok(pairs.collect())
}

/// What one has beyond a new one, a line each.
pub(super) fn beyond(new: &Objects, found: &Objects) -> Vec<String> {
    let new = new
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    diff::of_schemas(&differences(new, found))
}
