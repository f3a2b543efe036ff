//! Why a run did not end as asked, and the exit code that says so.

use std::fmt;

use crate::adopt::Refused;
use crate::apply::{Cause, Failure, Reach, Standing};
use crate::bootstrap::{Halted, Impossible};
use crate::config::ConfigError;
use crate::connect::{Lost, Unreachable};
use crate::lock::{LockTimeout, ReadOnly};
use crate::plan::{Obstacles, Refusal};
use crate::signal::Stopped;
use crate::verify::{Drift, Unsealed};

/// Exit codes, as the documentation promises them. The tables in README and `docs/exit-codes.md` are made from this.
pub mod exit_code {
    /// Done.
    pub const DONE: u8 = 0;
    /// A migration failed, or anything unforeseen.
    pub const FAILED: u8 = 1;
    /// Usage or configuration; a `rollback` that has no way back, or would lose data.
    pub const CONFIG: u8 = 2;
    /// Migrations are pending (`status --check`; `wait --for schema` at its deadline).
    pub const PENDING: u8 = 3;
    /// History and binary disagree, the schema is not as sealed (`verify`, `up --verify`, `rollback`, `adopt`), or what
    /// `bootstrap` found is not as wanted.
    pub const DISAGREEMENT: u8 = 4;
    /// A lock was not obtained in time: the migration lock, or table locks to the end of their budget.
    pub const LOCK_TIMEOUT: u8 = 5;
    /// The database was not reachable in time, or takes no writes (a standby, or read-only).
    pub const UNREACHABLE: u8 = 6;
    /// Stopped by a signal, nothing half done.
    pub const STOPPED: u8 = 7;

    /// Those after which the same command may end otherwise without anybody's doing.
    pub const WORTH_ANOTHER_TRY: [u8; 3] = [LOCK_TIMEOUT, UNREACHABLE, STOPPED];
}

/// Why a run did not end as asked.
#[derive(Debug)]
pub enum Error {
    /// A setting or an argument is wrong.
    Config(ConfigError),
    /// Something is pending, and the caller asked to be told by the exit code.
    Pending,
    /// The plan cannot be made.
    Refusal(Refusal),
    /// A rollback may not be begun.
    Obstacles(Obstacles),
    /// What `bootstrap` is to make cannot be made.
    Impossible(Impossible),
    /// `bootstrap` had begun to make something.
    Bootstrap(Box<Halted>),
    /// The live schema is not as sealed; the result says what differs.
    Drift(Drift),
    /// A database may not be adopted as it is.
    Adoption(Refused),
    /// There is nothing to compare the live schema with.
    Unsealed(Unsealed),
    /// Another runner held the migration lock for too long.
    LockTimeout(LockTimeout),
    /// No server let us in.
    Unreachable(Unreachable),
    /// The server lets us in, and takes no writes.
    ReadOnly(ReadOnly),
    /// The connection ended before an answer came.
    Lost(Lost),
    /// A signal asked for the end.
    Stopped(Stopped),
    /// A signal asked for the end, and the server did not let us come to one in order.
    GivenUp(Stopped),
    /// A run that had begun to take steps ended between two migrations, or with one whose answer never came.
    Underway(Box<Underway>),
    /// A migration did not come to its end.
    Migration(Box<Failure>),
    /// Anything unforeseen.
    Other(anyhow::Error),
}

/// What ended a run that had begun to take steps, and how far that had come.
#[derive(Debug)]
pub struct Underway {
    /// What ended it.
    pub error: Error,
    /// How far it had come.
    pub standing: Standing,
    /// Where the database stands if what was sent and not answered is committed.
    pub doubt: Option<Reach>,
}

impl Error {
    /// What happened, without how far the run had come.
    pub fn kind(&self) -> &Self {
        match self {
            Self::Underway(underway) => &underway.error,
            Self::Bootstrap(halted) => halted.error.kind(),
            error => error,
        }
    }

    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_)
            | Self::Refusal(
                Refusal::NoSuchTarget { .. }
                | Refusal::NotApplied { .. }
                | Refusal::TooManySteps { .. },
            ) => exit_code::CONFIG,
            Self::Obstacles(obstacles) => {
                if obstacles.is_disagreement() {
                    exit_code::DISAGREEMENT
                } else {
                    exit_code::CONFIG
                }
            }
            Self::Pending => exit_code::PENDING,
            Self::Refusal(
                Refusal::Disagreement(_)
                | Refusal::Damaged(_)
                | Refusal::Untracked { .. }
                | Refusal::Ahead { .. },
            )
            | Self::Drift(_)
            | Self::Adoption(_) => exit_code::DISAGREEMENT,
            Self::Impossible(impossible) if impossible.has_difference() => exit_code::DISAGREEMENT,
            Self::Bootstrap(halted) => halted.error.exit_code(),
            Self::LockTimeout(_) => exit_code::LOCK_TIMEOUT,
            Self::Unreachable(_) | Self::ReadOnly(_) | Self::Lost(_) => exit_code::UNREACHABLE,
            Self::Stopped(_) | Self::GivenUp(_) => exit_code::STOPPED,
            Self::Underway(underway) => underway.error.exit_code(),
            Self::Migration(failure) => match failure.cause {
                Cause::Server | Cause::Lost => exit_code::FAILED,
                Cause::Differs(_) => exit_code::DISAGREEMENT,
                Cause::TableLock { .. } => exit_code::LOCK_TIMEOUT,
                Cause::Signal(_) => exit_code::STOPPED,
            },
            Self::Unsealed(_) | Self::Impossible(_) | Self::Other(_) => exit_code::FAILED,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Pending => f.write_str("migrations are pending"),
            Self::Refusal(refusal) => refusal.fmt(f),
            Self::Obstacles(obstacles) => obstacles.fmt(f),
            Self::Impossible(impossible) => impossible.fmt(f),
            Self::Bootstrap(halted) => halted.error.fmt(f),
            Self::Drift(drift) => drift.fmt(f),
            Self::Adoption(refused) => refused.fmt(f),
            Self::Unsealed(unsealed) => unsealed.fmt(f),
            Self::LockTimeout(timeout) => timeout.fmt(f),
            Self::Unreachable(unreachable) => unreachable.fmt(f),
            Self::ReadOnly(read_only) => read_only.fmt(f),
            Self::Lost(lost) => write!(f, "the connection was lost: {}", lost.reason),
            Self::Stopped(stopped) => write!(f, "stopped by {}", stopped.signal),
            Self::GivenUp(stopped) => write!(
                f,
                "stopped by {}, with no answer from the server",
                stopped.signal
            ),
            Self::Underway(underway) => underway.error.fmt(f),
            Self::Migration(failure) => failure.fmt(f),
            // The whole chain: tokio-postgres prints "db error" and hides the reason in the source.
            Self::Other(error) => write!(f, "{error:#}"),
        }
    }
}

impl std::error::Error for Error {}

macro_rules! from {
    ($($source:ty => $variant:ident),* $(,)?) => {
        $(impl From<$source> for Error {
            fn from(source: $source) -> Self {
                Self::$variant(source)
            }
        })*
    };
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Migration(Box::new(failure))
    }
}

from! {
    ConfigError => Config,
    Refusal => Refusal,
    Obstacles => Obstacles,
    Impossible => Impossible,
    Refused => Adoption,
    Unsealed => Unsealed,
    LockTimeout => LockTimeout,
    Unreachable => Unreachable,
    ReadOnly => ReadOnly,
    Lost => Lost,
    Stopped => Stopped,
    anyhow::Error => Other,
}
