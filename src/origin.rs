//! Where a build comes from: the commit, the toolchain and the target that `version` prints. Asked by build.rs alone, which
//! hands it to the compiler.

use std::env;
use std::process::Command;

/// What is in the executable. What else changes in the folder makes it no other.
const INPUTS: [&str; 8] = [
    ".cargo",
    "Cargo.lock",
    "Cargo.toml",
    "build.rs",
    "config",
    "migrations",
    "rust-toolchain.toml",
    "src",
];

/// Names the commit where there is no git, or for a copy that is no clone.
const GIVEN: &str = "SOURCE_COMMIT";

/// Tells cargo the variables that the crate is compiled with; an empty one is not known.
///
/// # Errors
/// The commit that was given is none, or the compiler does not say which one it is.
pub(crate) fn tell(is_release: bool) -> Result<(), String> {
    println!("cargo::rustc-env=ORIGIN_COMMIT={}", commit(is_release)?);
    println!("cargo::rustc-env=ORIGIN_TARGET={}", variable("TARGET")?);
    println!("cargo::rustc-env=ORIGIN_TOOLCHAIN={}", toolchain()?);
    Ok(())
}

fn commit(is_release: bool) -> Result<String, String> {
    println!("cargo::rerun-if-env-changed={GIVEN}");
    match env::var(GIVEN) {
        Ok(given) if is_name(&given) => Ok(given),
        Ok(given) if !given.is_empty() => Err(format!("{GIVEN} is no name of a commit: {given:?}")),
        // A developer's build would be made anew for each commit, and nobody asks where it comes from.
        _ if is_release => Ok(commit_of_clone().unwrap_or_default()),
        _ => Ok(String::new()),
    }
}

fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-+._/".contains(&byte);
    !text.is_empty() && text.bytes().all(is_part)
}

/// The commit that is checked out here, and whether what is built differs from it. None where git does not know.
fn commit_of_clone() -> Option<String> {
    // Sources that were unpacked inside another repository are not of its commits.
    let prefix = git(&["rev-parse", "--show-prefix"])?;
    if !prefix.is_empty() {
        return None;
    }
    let commit = git(&["rev-parse", "--verify", "HEAD"])?;
    // Every commit and every checkout adds a line there. Where git keeps none, cargo asks again each time.
    let moves = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    for input in INPUTS.iter().chain([&moves.as_str()]) {
        println!("cargo::rerun-if-changed={input}");
    }
    // A file that git does not know is built in all the same.
    let question = [
        "--no-optional-locks",
        "status",
        "--porcelain",
        "-uall",
        "--",
    ];
    let changes = git(&[&question[..], &INPUTS].concat())?;
    let mark = if changes.is_empty() { "" } else { "-modified" };
    Some(format!("{commit}{mark}"))
}

fn git(arguments: &[&str]) -> Option<String> {
    answer(Command::new("git").args(arguments))
}

fn toolchain() -> Result<String, String> {
    let rustc = variable("RUSTC")?;
    answer(Command::new(&rustc).arg("--version"))
        .ok_or_else(|| format!("{rustc} does not say its version"))
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set: this script is run by cargo"))
}

/// What a program prints when it succeeds.
fn answer(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
