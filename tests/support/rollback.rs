//! Databases with sealed migrations of a test's own, and `rollback` on them.

use std::num::NonZeroU32;

use dsentr_migrate::cli::{Command, Floor, RollbackExtent};
use dsentr_migrate::config::Format;

use super::library::{Ended, Library, up};
use super::mask::mask;
use super::sealing;
use super::server::{Database, Server, Session};

/// The same migrations, sealed on the shared server.
pub(crate) async fn sealed(library: Library) -> Library {
    Library(sealing::sealed(library.0, Server::shared()).await)
}

/// `rollback` with what the flags say.
#[derive(Clone, Copy)]
pub(crate) struct Flags {
    extent: RollbackExtent,
    accept_data_loss: bool,
    accept_drift: bool,
    dry_run: bool,
}

/// `rollback --to`; `0` is everything.
pub(crate) fn to(version: &str) -> Flags {
    Flags::of(RollbackExtent {
        to: Some(version.parse::<Floor>().expect("a version")),
        steps: None,
    })
}

/// `rollback --steps`
pub(crate) fn steps(count: u32) -> Flags {
    Flags::of(RollbackExtent {
        to: None,
        steps: NonZeroU32::new(count),
    })
}

impl Flags {
    fn of(extent: RollbackExtent) -> Self {
        Self {
            extent,
            accept_data_loss: false,
            accept_drift: false,
            dry_run: false,
        }
    }

    pub(crate) fn accept_data_loss(self) -> Self {
        Self {
            accept_data_loss: true,
            ..self
        }
    }

    pub(crate) fn accept_drift(self) -> Self {
        Self {
            accept_drift: true,
            ..self
        }
    }

    pub(crate) fn dry_run(self) -> Self {
        Self {
            dry_run: true,
            ..self
        }
    }

    pub(crate) fn command(self) -> Command {
        Command::Rollback {
            extent: self.extent,
            accept_data_loss: self.accept_data_loss,
            accept_drift: self.accept_drift,
            dry_run: self.dry_run,
        }
    }
}

/// A database at the newest version of a library.
pub(crate) struct Scene {
    pub(crate) database: Database<'static>,
    pub(crate) session: Session,
    pub(crate) library: Library,
}

impl Scene {
    pub(crate) async fn of(library: Library) -> Self {
        let database = Server::shared().database();
        let made = library.run(&database.url(), up()).await;
        assert!(made.result.is_ok(), "{}", made.text());
        Self {
            session: database.session().await,
            database,
            library,
        }
    }

    pub(crate) async fn run(&self, flags: Flags) -> Ended {
        let url = self.database.url();
        self.library.run(&url, flags.command()).await
    }

    pub(crate) async fn text(&self, flags: Flags) -> String {
        self.masked(&self.run(flags).await)
    }

    pub(crate) async fn json(&self, flags: Flags) -> String {
        let url = self.database.url();
        let variables = [("DATABASE_URL", url.as_str())];
        let run = self
            .library
            .run_with(&variables, flags.command(), Format::Json);
        let ended = run.await;
        mask_json(&mask(&ended.stdout, &self.database))
    }

    pub(crate) fn masked(&self, ended: &Ended) -> String {
        mask(&ended.text(), &self.database)
    }
}

fn mask_json(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        line.split_once("\"duration_ms\": ").map_or_else(
            || line.to_owned(),
            |(before, rest)| {
                let end = rest.trim_start_matches(|c: char| c.is_ascii_digit());
                format!("{before}\"duration_ms\": <time>{end}")
            },
        )
    });
    lines.collect()
}
