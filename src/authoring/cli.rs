//! The command line of `cargo migration`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Writes, proves and seals the migrations of this project, and writes the manual of the command that carries them.
#[derive(Debug, Parser)]
#[command(
    name = "cargo migration",
    bin_name = "cargo migration",
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 done, 1 a proof failed, 2 usage or the files are wrong, 7 stopped by a signal."
)]
pub(super) struct Cli {
    /// Folder with `migrations/` and `tests/fixtures/rows/` [default: that of the package]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write the next migration from a template
    New {
        /// What it does, in a few words: "add invoices"
        #[arg(required = true, value_name = "DESCRIPTION")]
        description: Vec<String>,
    },
    /// Prove what is not sealed yet, and write migrations/migrations.lock
    Seal {
        /// Prove the sealed ones anew, too
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        on: Servers,
    },
    /// Prove all again, and compare with migrations/migrations.lock
    Check {
        #[command(flatten)]
        on: Servers,
    },
    /// Write the man pages and the completions for shells of `dsentr-migrate` into a new folder
    Manual {
        /// The folder; it must not exist yet
        #[arg(value_name = "DIR")]
        into: PathBuf,
    },
}

/// Where to prove.
#[derive(Debug, Args)]
pub(super) struct Servers {
    /// Majors of PostgreSQL to prove on, on throw-away servers [default: all that are supported]
    #[arg(
        long = "on",
        value_name = "MAJOR",
        value_delimiter = ',',
        conflicts_with = "urls"
    )]
    pub(super) majors: Vec<u32>,
    /// Prove on this server instead, in databases made for it and dropped at the end; the role must be allowed to make
    /// databases and roles. May be given once for each major
    #[arg(long = "database-url", value_name = "URL")]
    pub(super) urls: Vec<String>,
}
