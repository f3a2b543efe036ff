//! What differs from run to run, taken out of a text that is to be compared.

use super::executable::Run;
use super::server::Database;

/// Takes out of a text what differs from run to run: the database's name, its server's port and version, times and durations.
/// A duration loses the blanks before it too, since columns are aligned with them.
pub(crate) fn mask(text: &str, database: &Database<'_>) -> String {
    let text = text
        .replace(database.name(), "<database>")
        .replace(&format!(":{}", database.server().port()), ":<port>")
        .replace(
            &format!("\"port\": {}", database.server().port()),
            "\"port\": <port>",
        )
        .replace(
            &database.server().socket_dir().display().to_string(),
            "<socket folder>",
        );
    without_lock_context(&without_minor(&mask_durations(&mask_times(&mask_version(
        &text,
    )))))
}

/// Without the table lock that was waited for, which PostgreSQL names from 19 on where it is not obtained in time.
fn without_lock_context(text: &str) -> String {
    let mut kept = String::new();
    for line in text.split_inclusive('\n') {
        let is_context = line.contains("context") && line.contains("Lock on relation ");
        if !is_context {
            kept.push_str(line);
        } else if line.trim_end().ends_with('"') && kept.ends_with(",\n") {
            // It was the last field of its object.
            kept.truncate(kept.len() - ",\n".len());
            kept.push('\n');
        }
    }
    kept
}

/// Without what only some minors of PostgreSQL keep in the catalogs, and `verify --others` lists.
fn without_minor(text: &str) -> String {
    let mut lines = text.split_inclusive('\n');
    let mut kept = String::new();
    while let Some(line) = lines.next() {
        if line.trim() == "unknown       option pg_attver of columns" {
            lines.next();
        } else {
            kept.push_str(line);
        }
    }
    kept
}

/// The times of a text masked, in the form that a history has them: `2026-11-22T14:57:54.123Z`.
fn mask_times(text: &str) -> String {
    let is_time = |word: &str| {
        let shape: String = word
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        shape.starts_with("0000-00-00T00:00:00") && shape.ends_with('Z')
    };
    let masked = |word: &str| {
        let bare = word.trim_end_matches(['\n', ' ', '"', ',']);
        let bare = bare.trim_start_matches('"');
        if is_time(bare) {
            word.replace(bare, "<when>")
        } else {
            word.to_owned()
        }
    };
    text.split_inclusive([' ', '\n']).map(masked).collect()
}

/// The server's version masked, in text and in JSON: `15.20`, `19rc1`.
pub(crate) fn mask_version(text: &str) -> String {
    let line = |line: &str| {
        for mark in [", PostgreSQL ", "\"server_version\": \""] {
            if let Some((before, after)) = line.split_once(mark) {
                let after =
                    after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '.');
                return format!("{before}{mark}<version>{after}");
            }
        }
        line.to_owned()
    };
    text.split_inclusive('\n').map(line).collect()
}

/// The durations of a text masked: a number, a blank, a unit of time.
pub(crate) fn mask_durations(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let number = rest[start..]
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .map_or("", |end| &rest[start..start + end]);
        let after = &rest[start + number.len()..];
        let unit = [" ms", " s", " µs", " min"].into_iter().find(|unit| {
            after
                .strip_prefix(unit)
                .is_some_and(|more| !more.starts_with(char::is_alphanumeric))
        });
        let before = &rest[..start];
        let inside_word = before.ends_with(|c: char| c.is_alphanumeric() || "_.-:".contains(c));
        if let (Some(unit), false, false) = (unit, number.is_empty(), inside_word) {
            masked.push_str(before.trim_end_matches(' '));
            masked.push_str(" <time>");
            rest = &after[unit.len()..];
        } else {
            let end = start + number.len().max(1);
            masked.push_str(&rest[..end]);
            rest = &rest[end..];
        }
    }
    masked + rest
}

/// Both outputs and the exit code without what differs from run to run: as [`mask`], and without process numbers, the
/// ports of proxies, and lines about statements that take long, which they do on a busy machine.
pub(crate) fn told(run: &Run, database: &Database<'_>, proxies: &[u16]) -> String {
    let mut text = mask(&run.text(), database);
    for port in proxies {
        text = text.replace(&format!(":{port}"), ":<port>");
    }
    for mark in ["pid ", "pg_terminate_backend("] {
        text = mask_numbers(&text, mark, "<pid>");
    }
    text = mask_numbers(&text, "\"duration_ms\": ", "<time>");
    text = mask_numbers(&text, "\ntried ", "<number>");
    let lines = text.split_inclusive('\n');
    let is_timed = |line: &&str| line.contains("WARN running ");
    lines.filter(|line| !is_timed(line)).collect()
}

/// Each number behind `mark` masked.
pub(crate) fn mask_numbers(text: &str, mark: &str, name: &str) -> String {
    let mut parts = text.split(mark);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = if rest.len() < part.len() { name } else { "" };
        masked.push_str(&format!("{mark}{number}{rest}"));
    }
    masked
}

/// Each number masked that follows one of the words by which a run counts its tries and names processes.
pub(crate) fn mask_counts(text: &str) -> String {
    let words = [
        "pid ",
        "\"pid\": ",
        "\"seconds\": ",
        "pg_terminate_backend(",
        "tries=",
        " in ",
        "tried ",
    ];
    let mask = |text: String, word: &&str| mask_numbers(&text, word, "<n>");
    words.iter().fold(text.to_owned(), mask)
}

/// Each line once, where it comes first: how often a run says something again depends on the machine.
pub(crate) fn once(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.split_inclusive('\n') {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.concat()
}
