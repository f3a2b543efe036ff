//! The command line: what can be asked, and how it reads in `--help`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};

use crate::config::{Color, ConfigError, Format, Given};
use crate::page::PageFormat;
use crate::plan::Extent;
use crate::source::{ParseVersionError, Version};

/// Carries the PostgreSQL schema of Dsentr and brings a database to it.
#[derive(Debug, Parser)]
#[command(
    name = "dsentr-migrate",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 done, 1 a migration failed, 2 usage or configuration, 3 pending (status --check, wait --for schema), \
                  4 history and binary disagree, the schema is not as sealed, or what bootstrap found is not as wanted, \
                  5 migration lock or table locks not obtained in time, \
                  6 database not reachable in time or read-only, 7 stopped by a signal, nothing half done.\n\
                  5, 6 and 7 are worth another try."
)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub options: Options,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Apply what is pending
    Up {
        /// Stop at this version, for example `2025_10_11_1` (default: the newest embedded)
        #[arg(long, value_name = "VERSION")]
        to: Option<Version>,
        /// Fail with exit code 4 where the database is ahead of this binary
        #[arg(long)]
        strict: bool,
        /// Compare the schema with the seals at the end, as `verify` does, also where nothing was to be done
        #[arg(long)]
        verify: bool,
    },
    /// Take back what is applied, newest first, each migration in one transaction
    ///
    /// Before anything is done the whole way is looked at, and everything that is in the way is told at once: migrations
    /// without a way back, data that would be lost, a schema that is not as sealed. After each step the schema must be as
    /// sealed at the version before, or the step is undone.
    Rollback {
        /// How far
        #[command(flatten)]
        extent: RollbackExtent,
        /// Go on where the way back destroys data; without it, what would be lost is listed and nothing is done
        #[arg(long)]
        accept_data_loss: bool,
        /// Go on where the schema is not as sealed: what differs now may differ afterwards, and nothing else
        #[arg(long)]
        accept_drift: bool,
        /// Print the SQL that would run, newest first, and do nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Show where the database stands
    Status {
        /// Exit with 3 when something is pending, with 4 when history and binary disagree
        #[arg(long)]
        check: bool,
    },
    /// Show what `up` would do, and do nothing
    Plan {
        /// Stop at this version, for example `2025_10_11_1` (default: the newest embedded)
        #[arg(long, value_name = "VERSION")]
        to: Option<Version>,
    },
    /// Compare the history with this binary, and the live schema with its seals, object by object
    Verify {
        /// Also list the objects that are not ours: other schemas, extensions that no migration needs
        #[arg(long)]
        others: bool,
        /// Print the SQL that brings the live schema to the sealed one, as a file for psql, and run none of it
        #[arg(long, conflicts_with = "others")]
        sql: bool,
    },
    /// Take over a database whose schema was made by another tool, or by hand
    ///
    /// Finds the version whose sealed schema the database has, and records all migrations up to it as applied; `up` goes on
    /// from there. No migration is run, and nothing of another tool is changed. Where the schema is that of no version, it
    /// shows what differs from the nearest, and changes nothing.
    Adopt {
        /// The version that the database is at, for example `2025_10_11_1`, where the schema alone does not tell
        #[arg(long, value_name = "VERSION")]
        at: Option<Version>,
        /// Record the version although the schema differs; `verify` shows what differed as accepted
        #[arg(long, requires = "at")]
        accept_differences: bool,
        /// Keep the history that is there under another name, and record anew what the live schema proves
        #[arg(long)]
        rebuild_history: bool,
        /// Show what would be recorded, and do nothing
        #[arg(long)]
        dry_run: bool,
        /// Print the SQL that brings the live schema to that of the version, as a file for psql, and record nothing
        #[arg(long, conflicts_with_all = ["dry_run", "accept_differences"])]
        sql: bool,
    },
    /// Wait until the server answers, or until the schema has reached this binary's version
    Wait {
        /// What to wait for
        #[arg(
            long = "for",
            value_name = "WHAT",
            value_enum,
            default_value = "server"
        )]
        goal: Goal,
    },
    /// Make what is absent, as an administrator: roles, database, extension, privileges
    Bootstrap {
        /// Go on with `up`, as the owner of the database
        #[arg(long)]
        up: bool,
        /// Print the SQL for what is absent, and do nothing
        #[arg(long, conflicts_with = "up")]
        dry_run: bool,
    },
    /// Print what `up` or `rollback` would do as one file for psql, for a database that this program may not connect to
    ///
    /// The file asks the database itself whether it may begin, applies each migration together with its row in the history,
    /// and stops at the first error. `--output` does not change it, and the settings of a connection are not looked at, but
    /// for `--database`: with it, the file refuses every other database.
    Script {
        /// Begin at exactly this version, and nowhere else (default: wherever the database is)
        #[arg(long, value_name = "VERSION")]
        from: Option<Version>,
        /// End at this version, for example `2025_10_11_1` (default: the newest embedded); `0`, with --rollback, for nothing left
        #[arg(long, value_name = "VERSION")]
        to: Option<Floor>,
        /// Go back, newest first
        #[arg(long, requires = "to")]
        rollback: bool,
        /// Go on where the way back destroys data; without it, what would be lost is listed and no file is made
        #[arg(long, requires = "rollback")]
        accept_data_loss: bool,
    },
    /// Print a page of the schema, made from the seals: tables, keys, indexes, and the migrations with their table locks
    Schema {
        /// The form of the page
        #[arg(long, value_name = "FORM", value_enum, default_value = "markdown")]
        format: PageFormat,
    },
    /// Write the embedded migrations, their seals, SHA-256 sums and an index into a new folder
    Export {
        /// The folder; it must not exist yet, or be empty
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Show every setting, its value (secrets masked) and where it came from
    Config,
    /// Show version, commit, toolchain, newest migration and the SHA-256 of every embedded file
    Version,
}

impl Command {
    /// Whether it asks no database. Then the settings of a connection are not looked at, and wrong ones do not matter.
    pub fn is_offline(&self) -> bool {
        match self {
            Self::Script { .. } | Self::Schema { .. } | Self::Export { .. } | Self::Version => true,
            Self::Up { .. }
            | Self::Status { .. }
            | Self::Plan { .. }
            | Self::Rollback { .. }
            | Self::Verify { .. }
            | Self::Wait { .. }
            | Self::Bootstrap { .. }
            | Self::Adopt { .. }
            | Self::Config => false,
        }
    }
}

/// How far `rollback` goes. It has no default.
#[derive(Debug, Clone, Copy, Args)]
#[group(required = true, multiple = false)]
pub struct RollbackExtent {
    /// Everything newer than this version, for example `2025_10_11_1`; `0` for everything
    #[arg(long, value_name = "VERSION")]
    pub to: Option<Floor>,
    /// So many migrations
    #[arg(long, value_name = "N")]
    pub steps: Option<NonZeroU32>,
}

impl RollbackExtent {
    /// The one of them that was given.
    ///
    /// # Errors
    /// None or both were: clap lets neither through.
    pub fn extent(self) -> Result<Extent, ConfigError> {
        match (self.to, self.steps) {
            (None, Some(steps)) => Ok(Extent::Steps(steps)),
            (Some(Floor(to)), None) => Ok(Extent::To(to)),
            (None, None) | (Some(_), Some(_)) => {
                Err(ConfigError::new("either --to or --steps says how far back"))
            }
        }
    }
}

/// A version to stay at; none is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floor(pub Option<Version>);

impl FromStr for Floor {
    type Err = ParseVersionError;

    /// Reads what [`Version`] reads, and `0`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "0" => Ok(Self(None)),
            version => version.parse().map(|version| Self(Some(version))),
        }
    }
}

/// What `wait` waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Goal {
    /// The server answers and lets us in
    Server,
    /// Nothing of this binary is pending; for application pods, a role that may read the history is enough
    Schema,
}

/// What holds for every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options for every command")]
pub struct Options {
    /// Connection string; others on this machine can read it here, `DATABASE_URL` hides it
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Host name, address or socket folder
    #[arg(long, global = true, value_name = "HOST")]
    host: Option<String>,
    /// Port
    #[arg(long, global = true, value_name = "PORT")]
    port: Option<String>,
    /// Role to log in as
    #[arg(long, global = true, value_name = "ROLE")]
    user: Option<String>,
    /// Name of the database
    #[arg(long, global = true, value_name = "NAME")]
    database: Option<String>,
    /// File that holds the password
    #[arg(long, global = true, value_name = "FILE")]
    password_file: Option<String>,
    /// How long to wait for the server, for example `90s`
    #[arg(long, global = true, value_name = "TIME")]
    wait_timeout: Option<String>,
    /// How long to wait for another runner, for example `90s`
    #[arg(long, global = true, value_name = "TIME")]
    lock_timeout: Option<String>,
    /// Settings file in TOML
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<String>,
    /// Built-in settings to start from: default, container, installer or airgap
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Results on stdout for people or for machines
    #[arg(long, global = true, value_name = "FORMAT", value_enum)]
    pub output: Option<Format>,
    /// Colour in text
    #[arg(long, global = true, value_name = "WHEN", value_enum)]
    pub color: Option<Color>,
    /// How much is said on stderr: error, warn, info, debug, trace, or a filter
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
    /// What is said on stderr for people or for machines
    #[arg(long, global = true, value_name = "FORMAT", value_enum)]
    log_format: Option<Format>,
}

impl Cli {
    /// The settings that were given as flags.
    pub fn given(&self) -> Vec<Given> {
        let options = &self.options;
        let strict =
            matches!(self.command, Command::Up { strict: true, .. }).then(|| "true".to_owned());
        [
            (
                "database.url",
                "--database-url",
                options.database_url.clone(),
            ),
            ("database.host", "--host", options.host.clone()),
            ("database.port", "--port", options.port.clone()),
            ("database.user", "--user", options.user.clone()),
            ("database.name", "--database", options.database.clone()),
            (
                "database.password_file",
                "--password-file",
                options.password_file.clone(),
            ),
            (
                "wait.timeout",
                "--wait-timeout",
                options.wait_timeout.clone(),
            ),
            (
                "lock.timeout",
                "--lock-timeout",
                options.lock_timeout.clone(),
            ),
            ("up.strict", "--strict", strict),
            ("log.level", "--log-level", options.log_level.clone()),
            ("log.format", "--log-format", options.log_format.map(word)),
            ("output.format", "--output", options.output.map(word)),
            ("output.color", "--color", options.color.map(word)),
        ]
        .into_iter()
        .filter_map(|(key, flag, value)| Some(Given::text(key, value?, flag)))
        .collect()
    }
}

/// The word that stands for a value on the command line, which is the one of the settings too.
fn word(value: impl clap::ValueEnum + Copy) -> String {
    value
        .to_possible_value()
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}
