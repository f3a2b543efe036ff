//! A connection to a database that was made to be proven in.

use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls};

use crate::apply::SCHEMA;
use crate::server_error::describe;

/// A connection. It ends with this value.
pub(super) struct Session {
    client: Client,
    driver: JoinHandle<()>,
}

impl Session {
    /// Connects to one of a server's databases. Whatever role and database are set to, values are printed alike.
    pub(super) async fn open(config: &Config, database: &str) -> anyhow::Result<Self> {
        let mut config = config.clone();
        config.dbname(database).application_name("cargo migration");
        let (client, connection) = config.connect(NoTls).await.map_err(|error| {
            anyhow::anyhow!("no connection to database {database}: {}", describe(&error))
        })?;
        let driver = tokio::spawn(async {
            // Whoever waits for an answer is told.
            let _ = connection.await;
        });
        let session = Self { client, driver };
        let settings = format!(
            "SET search_path TO {SCHEMA}; SET TimeZone TO 'UTC'; SET DateStyle TO 'ISO'; SET IntervalStyle TO 'postgres'; \
             SET statement_timeout TO 0; SET lock_timeout TO 0; SET client_min_messages TO error"
        );
        session
            .batch_execute(&settings)
            .await
            .map_err(unforeseen("the session of the proof cannot be set up"))?;
        Ok(session)
    }

    /// Says good-bye and waits until it is sent.
    pub(super) async fn close(self) {
        drop(self.client);
        let _ = self.driver.await;
    }
}

impl std::ops::Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// An error of the server where none was expected: what was not done, and all that the server said.
pub(super) fn unforeseen(
    failed: impl std::fmt::Display,
) -> impl FnOnce(tokio_postgres::Error) -> anyhow::Error {
    move |error| anyhow::anyhow!("{failed}: {}", describe(&error))
}
