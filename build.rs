//! Checks the files of `migrations/` and hands what passed to the compiler.
//!
//! What is wrong does not build: every problem of every file becomes an error of cargo, with its place. What passed is
//! staged in `OUT_DIR` together with a table of all that the runtime needs to know, so that it parses nothing.

#[path = "src/check/mod.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "shared with the library, which uses and exports the rest"
)]
mod check;
#[path = "src/origin.rs"]
mod origin;
#[path = "src/source/mod.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "shared with the library, which uses and exports the rest"
)]
mod source;
#[path = "src/staging.rs"]
mod staging;

use check::{Entry, Gate, Outcome, Verdicts};
use source::Day;
use staging::{Stage, at};
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;
use std::{env, fs};

fn main() -> ExitCode {
    for input in [
        "build.rs",
        "src/check",
        "src/origin.rs",
        "src/source",
        "src/staging.rs",
        source::FOLDER,
    ] {
        println!("cargo::rerun-if-changed={input}");
    }
    match run() {
        Ok(lines) if lines.is_empty() => ExitCode::SUCCESS,
        Ok(lines) => fail(&lines),
        Err(error) => fail(&[error]),
    }
}

/// Cargo prints these as errors and stops; an exit code of our own would make it add the whole output of this script.
fn fail(lines: &[String]) -> ExitCode {
    for line in lines {
        println!("cargo::error={line}");
    }
    ExitCode::SUCCESS
}

/// The lines of all problems; none means that the files are staged.
fn run() -> Result<Vec<String>, String> {
    origin::tell(is_release())?;
    let entries = read(Path::new(source::FOLDER))?;
    let stage = Stage::of_cargo()?;
    let outcome = judge(&entries, &stage.verdicts())?;
    // `cargo build -vv` shows this. Quoted: a name with a newline in it could give orders to cargo.
    for name in &outcome.judged {
        println!("judged {name:?}");
    }
    stage.keep(&outcome)?;
    if !outcome.problems.is_empty() {
        let lines = outcome.problems.iter().flat_map(check::Problem::lines);
        return Ok(lines.collect());
    }
    for line in outcome.warnings.iter().flat_map(check::Problem::lines) {
        println!("cargo::warning={line}");
    }
    stage.fill(&entries, &outcome)?;
    Ok(Vec::new())
}

/// For every profile that inherits from `release`: that of `cargo install` and of `cargo bench` too.
fn is_release() -> bool {
    env::var_os("PROFILE").is_some_and(|profile| profile == "release")
}

fn judge(entries: &[Entry], known: &Verdicts<'_>) -> Result<Outcome, String> {
    let release = is_release();
    let lenient = env::var_os("CARGO_FEATURE_LENIENT").is_some();
    if lenient && release {
        return Err(
            "the feature `lenient` skips the checks: a release build is made without it".into(),
        );
    }
    if lenient {
        let mut sound = check::check_after(entries, None, known);
        sound.problems.clear();
        return Ok(sound);
    }
    let since = SystemTime::UNIX_EPOCH.elapsed();
    let today = Day::from_unix(since.map_or(0, |since| since.as_secs()));
    let gate = Gate { today, release };
    Ok(check::check_after(entries, Some(gate), known))
}

fn read(folder: &Path) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    for entry in at(folder, fs::read_dir(folder))? {
        let path = at(folder, entry)?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        // A link is no plain file, whatever it points to: what it points to could change unseen.
        let is_file = at(&path, path.symlink_metadata())?.is_file();
        let bytes = if is_file {
            Some(at(&path, fs::read(&path))?)
        } else {
            None
        };
        entries.push(Entry { name, bytes });
    }
    Ok(entries)
}
