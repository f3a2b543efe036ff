//! `cargo migration manual`: the man pages and the completions for shells, made from the definition of the command line.
//!
//! One page for the command, one for each of its subcommands. What a page says beside the command line is in the tables
//! below, and its exit codes in docs/.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::error::Error;
use crate::cli::Cli;
use crate::config::PROFILES;
use crate::source::Day;

/// The name of the command, and of the package that installs it.
const NAME: &str = env!("CARGO_PKG_NAME");

/// The document with the table of exit codes, which a test makes from the constants.
const EXIT_CODES: &str = include_str!("../../docs/exit-codes.md");

/// What the environment says, and what it means. Names and commands are in backticks.
const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "`DATABASE_URL`, `DATABASE_URL_FILE`",
        "Connection string, or a file that holds it.",
    ),
    (
        "`DSENTR_MIGRATE_CONFIG`",
        "Settings file in TOML, as `--config` names it.",
    ),
    (
        "`DSENTR_MIGRATE_PROFILE`",
        "Built-in settings to start from, as `--profile` names them.",
    ),
    (
        "`DSENTR_MIGRATE_`KEY",
        "Any other setting: its key in capitals, with underscores for dots, such as `DSENTR_MIGRATE_DATABASE_HOST`. \
         `dsentr-migrate config` shows all keys.",
    ),
    (
        "`PGHOST`, `PGPORT`, `PGUSER`, `PGDATABASE`, `PGPASSWORD`, ...",
        "As for libpq; weaker than `DATABASE_URL`.",
    ),
    (
        "`CREDENTIALS_DIRECTORY`",
        "Set by systemd for a unit: the file `dsentr-migrate.password` in it holds the password. Weaker than all others.",
    ),
    ("`PGPASSWORD_FILE`", "A file that holds the password."),
    (
        "`SSL_CERT_FILE`, `SSL_CERT_DIR`",
        "Where the authorities are that the operating system trusts, for `sslrootcert=system`.",
    ),
    (
        "`NO_COLOR`",
        "Set: no colour, unless `--color` asks for it.",
    ),
];

/// Files that are read where they are there, and what for.
const FILES: &[(&str, &str)] = &[
    (
        "`/etc/dsentr-migrate/config.toml`",
        "Settings of `dsentr-migrate.service`, the unit of systemd. Others read it where `--config` names it.",
    ),
    (
        "`/etc/credstore/dsentr-migrate.password`",
        "Password for the unit, where the database asks for one.",
    ),
    ("`~/.pgpass`", "Passwords, as for libpq."),
    (
        "`~/.postgresql/root.crt`, `~/.postgresql/root.crl`",
        "Authorities that are trusted, and certificates that are revoked, as for libpq.",
    ),
    (
        "`~/.postgresql/postgresql.crt`, `~/.postgresql/postgresql.key`",
        "The certificate that is shown to the server, and its key, as for libpq.",
    ),
];

/// Writes all into a folder, and says what to do with it.
pub(super) fn write(folder: &Path) -> Result<String, Error> {
    fs::create_dir(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    write_files(folder).with_context(|| format!("{} cannot be filled", folder.display()))?;
    Ok(format!(
        "{}: man pages, and completions for bash, zsh and fish\n",
        folder.display()
    ))
}

fn write_files(folder: &Path) -> anyhow::Result<()> {
    for (name, text) in pages()? {
        fs::write(folder.join(name), text)?;
    }
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut Cli::command(), NAME, folder)?;
    }
    Ok(())
}

/// The pages, each with the name of its file.
fn pages() -> anyhow::Result<Vec<(String, String)>> {
    let cli = Cli::command();
    let mut pages = vec![(format!("{NAME}.1"), page_of_all(&cli)?)];
    for command in cli.get_subcommands() {
        let name = format!("{NAME}-{}", command.get_name());
        pages.push((format!("{name}.1"), page(command, &name)?));
    }
    Ok(pages)
}

fn page_of_all(cli: &clap::Command) -> anyhow::Result<String> {
    let man = man(cli.clone());
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    synopsis(cli).to_writer(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_subcommands_section(&mut text)?;
    man.render_options_section(&mut text)?;
    exit_status()?.to_writer(&mut text)?;
    section("ENVIRONMENT", ENVIRONMENT).to_writer(&mut text)?;
    section("FILES", FILES).to_writer(&mut text)?;
    profiles().to_writer(&mut text)?;
    with_bold_words(text)
}

/// Without the options for every command, which would make all pages alike: the first has them.
fn page(command: &clap::Command, name: &str) -> anyhow::Result<String> {
    let command = command
        .clone()
        .bin_name(format!("{NAME} {}", command.get_name()))
        .display_name(name.to_owned());
    let man = man(command.clone());
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    synopsis(&command).to_writer(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    exit_status()?.to_writer(&mut text)?;
    see_all().to_writer(&mut text)?;
    with_bold_words(text)
}

fn man(command: clap::Command) -> Man {
    Man::new(command)
        .source(format!("{NAME} {}", env!("CARGO_PKG_VERSION")))
        .date(day())
        .manual("Dsentr")
}

/// The day that the pages are of: what is built twice is to be the same, so `SOURCE_DATE_EPOCH` may say it.
fn day() -> String {
    let said = std::env::var("SOURCE_DATE_EPOCH").ok();
    let said = said.and_then(|text| text.parse().ok());
    let now = || SystemTime::UNIX_EPOCH.elapsed();
    let seconds = said.unwrap_or_else(|| now().map_or(0, |since| since.as_secs()));
    Day::from_unix(seconds).to_string().replace('_', "-")
}

/// As `--help` has it: `clap_mangen` would leave out the values of options.
fn synopsis(command: &clap::Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    let mut roff = heading("SYNOPSIS");
    roff.text([roman(usage)]);
    roff
}

fn exit_status() -> anyhow::Result<Roff> {
    let rows: Vec<_> = EXIT_CODES.lines().filter_map(exit_code).collect();
    anyhow::ensure!(!rows.is_empty(), "docs/exit-codes.md has no table");
    Ok(section("EXIT STATUS", &rows))
}

/// A row of the table: `| code | means | worth another try |`.
fn exit_code(line: &str) -> Option<(String, String)> {
    let cells: Vec<_> = line.split('|').map(str::trim).collect();
    let ["", code, means, again, ""] = cells[..] else {
        return None;
    };
    code.parse::<u8>().ok()?;
    let text = match again {
        "yes" => format!("{means} Worth another try."),
        "" | "no" => means.to_owned(),
        // Another table.
        _ => return None,
    };
    Some((format!("`{code}`"), text))
}

fn profiles() -> Roff {
    let names: Vec<_> = PROFILES.iter().map(|(name, _)| *name).collect();
    let mut roff = heading("PROFILES");
    roff.text([roman(format!(
        "Built in are {}. A settings file is laid over the profile, the environment over the file, and the options of the \
         command line over all.",
        names.join(", ")
    ))]);
    roff
}

fn see_all() -> Roff {
    let mut roff = heading("SEE ALSO");
    roff.text([roman(format!(
        "`{NAME}`(1) has the options for every command, the environment and the files."
    ))]);
    roff
}

fn heading(words: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [words]);
    roff
}

/// A list of words and what they mean.
fn section<T: AsRef<str>>(words: &str, rows: &[(T, T)]) -> Roff {
    let mut roff = heading(words);
    for (word, meaning) in rows {
        roff.control("TP", []);
        roff.text([roman(word.as_ref())]);
        roff.text([roman(meaning.as_ref())]);
    }
    roff
}

/// What is between backticks, here and in the help of the command line, is bold.
fn with_bold_words(page: Vec<u8>) -> anyhow::Result<String> {
    let page = String::from_utf8(page)?;
    let mut text = String::new();
    for (place, part) in page.split('`').enumerate() {
        match place % 2 {
            0 => text.push_str(part),
            _ => text.push_str(&format!("\\fB{part}\\fR")),
        }
    }
    Ok(text)
}
