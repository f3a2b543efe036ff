//! What libpq knows beside us: the names of its parameters and variables, and the password file.
//!
//! Names as in <https://www.postgresql.org/docs/18/libpq-envars.html>.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Secret;

/// libpq's name of a parameter, its variable, and our key.
pub(super) const PARAMETERS: &[(&str, &str, &str)] = &[
    ("host", "PGHOST", "database.host"),
    ("hostaddr", "PGHOSTADDR", "database.hostaddr"),
    ("port", "PGPORT", "database.port"),
    ("user", "PGUSER", "database.user"),
    ("dbname", "PGDATABASE", "database.name"),
    ("password", "PGPASSWORD", "database.password"),
    ("passfile", "PGPASSFILE", "database.passfile"),
    ("options", "PGOPTIONS", "database.options"),
    ("application_name", "PGAPPNAME", "database.application_name"),
    (
        "connect_timeout",
        "PGCONNECT_TIMEOUT",
        "database.connect_timeout",
    ),
    (
        "target_session_attrs",
        "PGTARGETSESSIONATTRS",
        "database.target_session_attrs",
    ),
    ("sslmode", "PGSSLMODE", "database.sslmode"),
    (
        "sslnegotiation",
        "PGSSLNEGOTIATION",
        "database.sslnegotiation",
    ),
    ("sslrootcert", "PGSSLROOTCERT", "database.sslrootcert"),
    ("sslcrl", "PGSSLCRL", "database.sslcrl"),
    ("sslcert", "PGSSLCERT", "database.sslcert"),
    ("sslkey", "PGSSLKEY", "database.sslkey"),
    ("sslsni", "PGSSLSNI", "database.sslsni"),
    (
        "ssl_min_protocol_version",
        "PGSSLMINPROTOCOLVERSION",
        "database.ssl_min_protocol_version",
    ),
    (
        "ssl_max_protocol_version",
        "PGSSLMAXPROTOCOLVERSION",
        "database.ssl_max_protocol_version",
    ),
    (
        "channel_binding",
        "PGCHANNELBINDING",
        "database.channel_binding",
    ),
];

/// Variables whose silence would be worse than an error, since they choose or protect the connection; the values under
/// which they ask for nothing that is not done here; and what to do instead.
pub const REFUSED: &[(&str, &[&str], &str)] = &[
    (
        "PGSERVICE",
        &[],
        "unset it, and give the connection as DATABASE_URL or with the other PG* variables: connection service files are not read",
    ),
    (
        "PGSSLCRLDIR",
        &[],
        "unset it, and name one file with all lists in PGSSLCRL",
    ),
    (
        "PGSSLCERTMODE",
        &["allow"],
        "unset it: a client certificate is shown where the server asks for one",
    ),
    (
        "PGREQUIREAUTH",
        &[],
        "unset it; PGCHANNELBINDING=require lets nothing but SCRAM over TLS do, and a password in clear text goes to no other host without TLS",
    ),
    (
        "PGREQUIREPEER",
        &[],
        "unset it, and have the socket in a folder that only the server's user can write to",
    ),
    (
        "PGREQUIRESSL",
        &["0"],
        "unset it, and set PGSSLMODE=require",
    ),
    (
        "PGGSSENCMODE",
        &["disable", "prefer"],
        "unset it: encryption is by TLS, never by GSSAPI",
    ),
];

/// Those of libpq's parameters that an administrator's connection may have of its own.
const OF_BOOTSTRAP: &[(&str, &str)] = &[
    ("host", "bootstrap.host"),
    ("port", "bootstrap.port"),
    ("user", "bootstrap.user"),
    ("dbname", "bootstrap.database"),
    ("password", "bootstrap.password"),
    ("sslmode", "bootstrap.sslmode"),
];

/// The names of the parameters that the URL of a section may have, each with our key.
pub(super) fn keys_of(section: &str) -> Vec<(&'static str, &'static str)> {
    if section == "bootstrap" {
        return OF_BOOTSTRAP.to_vec();
    }
    let all = PARAMETERS.iter();
    all.map(|(name, _, key)| (*name, *key)).collect()
}

/// A password file as libpq reads it: `host:port:database:user:password`, the first line that
/// matches wins, `*` matches all, a backslash takes the next character as it is.
///
/// <https://www.postgresql.org/docs/18/libpq-pgpass.html>
#[derive(Debug, Clone)]
pub struct Passfile {
    path: PathBuf,
}

/// Bits of a file's mode that let others read or write it; libpq ignores such a password file.
const OPEN_TO_OTHERS: u32 = 0o077;

impl Passfile {
    /// The file that is named, or `.pgpass` in the home folder.
    pub fn locate(named: Option<&str>, home: Option<&Path>) -> Option<Self> {
        let path = match named {
            Some(path) => PathBuf::from(path),
            None => home?.join(".pgpass"),
        };
        Some(Self { path })
    }

    /// The password for a connection. None where the file is absent, has no matching line, or
    /// is open to others: that is warned of, as by libpq.
    pub fn lookup(&self, host: &str, port: u16, database: &str, user: &str) -> Option<Secret> {
        let metadata = std::fs::metadata(&self.path).ok()?;
        if !metadata.is_file() {
            tracing::warn!(path = %self.path.display(), "the password file is not a plain file and is not read");
            return None;
        }
        if metadata.mode() & OPEN_TO_OTHERS != 0 {
            tracing::warn!(path = %self.path.display(), "the password file is open to others and is not read; run chmod 0600 on it");
            return None;
        }
        let text = std::fs::read_to_string(&self.path).ok()?;
        find_password(&text, [host, &port.to_string(), database, user])
    }
}

fn find_password(text: &str, wanted: [&str; 4]) -> Option<Secret> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let fields = split_fields(line);
            let (password, patterns) = fields.split_last()?;
            let matches = patterns.len() == wanted.len()
                && patterns
                    .iter()
                    .zip(wanted)
                    .all(|(pattern, wanted)| pattern.matches(wanted));
            matches.then(|| Secret::new(&password.text))
        })
}

/// A field of a line; a star that was written with a backslash is a plain star.
struct Field {
    text: String,
    any: bool,
}

impl Field {
    fn matches(&self, wanted: &str) -> bool {
        self.any || self.text == wanted
    }
}

/// At most five fields: the password is the rest of the line, colons included.
fn split_fields(line: &str) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut text = String::new();
    let mut raw_start = 0;
    let mut characters = line.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
            ':' if fields.len() < 4 => {
                fields.push(Field {
                    text: std::mem::take(&mut text),
                    any: &line[raw_start..at] == "*",
                });
                raw_start = at + 1;
            }
            other => text.push(other),
        }
    }
    fields.push(Field { text, any: false });
    fields
}

#[cfg(test)]
mod tests {
    use super::find_password;

    fn lookup(text: &str, wanted: [&str; 4]) -> Option<String> {
        find_password(text, wanted).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn the_first_line_that_matches_wins() {
        let text =
            "# db:5432:app:me:comment\nother:*:*:*:no\ndb:5432:app:me:first\n*:*:*:*:second\n";
        assert_eq!(
            lookup(text, ["db", "5432", "app", "me"]).as_deref(),
            Some("first")
        );
        assert_eq!(
            lookup(text, ["db", "5433", "app", "me"]).as_deref(),
            Some("second")
        );
    }

    #[test]
    fn colons_and_backslashes() {
        let text = r"\:\:1:5432:a\:b:me:p\\a:ss\:w";
        assert_eq!(
            lookup(text, ["::1", "5432", "a:b", "me"]).as_deref(),
            Some(r"p\a:ss:w")
        );
        assert_eq!(lookup(r"\*:*:*:*:star", ["db", "1", "a", "b"]), None);
    }

    #[test]
    fn a_short_line_matches_nothing() {
        assert_eq!(
            lookup("db:5432:app:secret", ["db", "5432", "app", "secret"]),
            None
        );
    }
}
