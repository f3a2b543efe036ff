//! Passwords of new roles: read from their file, or made up and kept there. In clear text they go nowhere else.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use postgres_protocol::password::scram_sha_256;

use crate::config::{ConfigError, Password, Secret};

/// Thirty-two characters that nobody takes for each other, safe in URLs, shells and `.pgpass`.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Five bits each: two hundred.
const LENGTH: usize = 40;

/// Sees to it that a password can be read. Where its file is absent, one is made up and written to it; the path, if so.
///
/// # Errors
/// The file cannot be read or made.
pub(super) fn prepare(password: &Password) -> Result<Option<PathBuf>, ConfigError> {
    let written = match password {
        Password::File(path) if !path.exists() => {
            write_once(path).map_err(|error| not_written(path, &error))?
        }
        _ => false,
    };
    password.read()?;
    let path = match password {
        Password::File(path) if written => Some(path.clone()),
        _ => None,
    };
    Ok(path)
}

fn not_written(path: &Path, error: &std::io::Error) -> ConfigError {
    let path = path.display();
    ConfigError::new(format!("the password file {path} cannot be made: {error}")).with_help(
        "let this user write into its folder, or write the file yourself; then run the command again",
    )
}

/// What the server gets to know of a password: enough to check it, not enough to log in.
pub(super) fn verifier(password: &Secret) -> Secret {
    Secret::new(scram_sha_256(password.expose().as_bytes()))
}

/// The file is there with its whole content or not at all, and whoever is second uses what the first one wrote:
/// `false`. So it is written beside its place, and linked to it, which never replaces a file.
fn write_once(path: &Path) -> std::io::Result<bool> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    // Not by the process's number, which in every container is the same.
    let staging = folder.join(format!(".{}.{}", name.to_string_lossy(), random(8)?));
    let result = write_private(&staging)
        .and_then(|()| match std::fs::hard_link(&staging, path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        })
        .and_then(|written| {
            std::fs::remove_file(&staging)?;
            // The name, too, must outlive a machine that stops here: the role is about to be made with it.
            File::open(folder)?.sync_all()?;
            Ok(written)
        });
    if result.is_err() {
        // What matters is why it failed.
        let _ = std::fs::remove_file(&staging);
    }
    result
}

fn write_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let line = format!("{}\n", random(LENGTH)?);
    file.write_all(line.as_bytes())?;
    file.sync_all()
}

/// So many characters, by the operating system's random numbers.
fn random(length: usize) -> std::io::Result<String> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes)?;
    // The alphabet divides 256, so that no character is more likely than another.
    let characters = bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
    Ok(characters.collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_password_is_long_and_plain_and_no_two_are_alike() {
        let passwords: BTreeSet<String> = (0..1000)
            .map(|_| random(LENGTH).expect("there are random numbers"))
            .collect();
        assert_eq!(passwords.len(), 1000);
        let all: BTreeSet<u8> = passwords.iter().flat_map(|one| one.bytes()).collect();
        assert_eq!(all, ALPHABET.iter().copied().collect());
        assert!(passwords.iter().all(|password| password.len() == LENGTH));
    }

    #[test]
    fn it_is_written_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("owner.password");
        let password = Password::File(path.clone());
        assert_eq!(
            prepare(&password).expect("it can be written"),
            Some(path.clone())
        );
        let first = std::fs::read(&path).expect("it is there");
        let mode = std::fs::metadata(&path)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(prepare(&password).expect("it can be read"), None);
        assert_eq!(std::fs::read(&path).expect("it is there"), first);
        let entries = std::fs::read_dir(folder.path()).expect("a folder");
        assert_eq!(entries.count(), 1);
    }

    /// Who comes second, reads what the first wrote: whole, whenever it looks.
    #[test]
    fn many_at_once_agree_on_one() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("owner.password");
        let password = Password::File(path);
        let race = || {
            let written = prepare(&password).expect("it can be written or read");
            let read = password.read().expect("it can be read");
            (written.is_some(), read.expose().to_owned())
        };
        let results: Vec<(bool, String)> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..32).map(|_| scope.spawn(race)).collect();
            let ends = racers.into_iter().map(std::thread::ScopedJoinHandle::join);
            ends.map(|end| end.expect("no thread panics")).collect()
        });
        let passwords: BTreeSet<_> = results.iter().map(|(_, read)| read).collect();
        assert_eq!(passwords.len(), 1);
        assert_eq!(results.iter().filter(|(written, _)| *written).count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("absent/owner.password");
        let error = prepare(&Password::File(path.clone())).expect_err("there is no folder");
        let shown = path.display();
        assert_eq!(
            error.to_string(),
            format!(
                "the password file {shown} cannot be made: No such file or directory (os error 2)"
            )
        );
    }
}
