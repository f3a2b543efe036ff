//! The header lines, `-- migrate: ...`: how a migration is to be run.

use super::file::File;
use super::layout::{Note, NoteKind};
use super::problem::Finding;
use crate::source::Span;
use std::collections::BTreeSet;
use std::time::Duration;

/// The statements run one by one.
const NO_TRANSACTION: &str = "no-transaction";

/// How long one try may wait for a table lock; the time follows.
const LOCK_TIMEOUT: &str = "lock-timeout=";

const BOTH: &str =
    "write `-- migrate: no-transaction` or `-- migrate: lock-timeout=<time>`, or delete the line";

const TIMES: &str = "write a whole number with its unit: `500ms`, `10s`, `2m`, `1m 30s` or `1h`";

/// The units of a time, in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("min", 60_000),
    ("h", 3_600_000),
];

/// One millisecond more than `lock_timeout` of PostgreSQL holds.
const TOO_LONG: u64 = 1 << 31;

/// The line that asks for statements that run one by one.
pub(super) fn no_transaction<'a>(file: &'a File<'_>) -> Option<&'a Note> {
    headers(file).find(|note| note.text == NO_TRANSACTION)
}

pub(super) fn runs_without_transaction(file: &File<'_>) -> bool {
    no_transaction(file).is_some()
}

/// How long one try may wait for a table lock, where the file says so.
pub(super) fn lock_timeout(file: &File<'_>) -> Option<Duration> {
    let time = headers(file).find_map(|note| note.text.strip_prefix(LOCK_TIMEOUT))?;
    milliseconds(time).map(Duration::from_millis)
}

fn headers<'a>(file: &'a File<'_>) -> impl Iterator<Item = &'a Note> {
    file.layout
        .notes
        .iter()
        .filter(|note| note.kind == NoteKind::Header)
}

pub(super) fn header_line(file: &File<'_>) -> Vec<Finding> {
    let statements = &file.forward.statements;
    let first = statements.first().map_or(u32::MAX, |(_, span)| span.start);
    let mut seen = BTreeSet::new();
    let forward = headers(file).filter_map(|note| {
        let Some(header) = known(&note.text) else {
            return Some(meaningless(note));
        };
        if !seen.insert(header) {
            let message = "the header line stands here a second time";
            return Some(Finding::at(note.span, message).help("delete it"));
        }
        if note.span.start > first {
            let message = "the header line stands below a statement";
            return Some(Finding::at(note.span, message).help("move it to the top of the file"));
        }
        no_time(note, file.text)
    });
    forward.chain(in_rollback(file)).collect()
}

/// The header, without what follows its equals sign.
fn known(text: &str) -> Option<&'static str> {
    match text {
        NO_TRANSACTION => Some(NO_TRANSACTION),
        _ if text.starts_with(LOCK_TIMEOUT) => Some(LOCK_TIMEOUT),
        _ => None,
    }
}

fn meaningless(note: &Note) -> Finding {
    let line = format!("-- migrate: {}", note.text);
    Finding::at(note.span, format!("`{}` means nothing", line.trim_end())).help(BOTH)
}

fn no_time(note: &Note, text: &str) -> Option<Finding> {
    let time = note.text.strip_prefix(LOCK_TIMEOUT)?;
    if time.is_empty() {
        return Some(Finding::at(note.span, "`lock-timeout` says no time").help(TIMES));
    }
    let (message, help) = match milliseconds(time) {
        None => (format!("`{time}` is no time"), TIMES),
        Some(0) => (
            format!("`{time}` would be no limit at all"),
            "write how long one try may wait: while it waits for a table lock, all who come after it wait too",
        ),
        Some(TOO_LONG..) => (
            format!("`{time}` is longer than PostgreSQL can wait"),
            "write at most `596h`",
        ),
        Some(_) => return None,
    };
    let end = note.span.start as usize + note.span.slice(text).trim_end().len();
    Some(Finding::at(Span::of(end - time.len()..end), message).help(help))
}

/// A sum of numbers with units; too large a one is only known to be too large.
fn milliseconds(text: &str) -> Option<u64> {
    let mut rest = text.trim_start();
    let mut sum: Option<u64> = None;
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit());
        let (unit, after) = split(after.trim_start(), |c| c.is_ascii_alphabetic());
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
        if number.is_empty() {
            return None;
        }
        let number: u64 = number.parse().unwrap_or(u64::MAX);
        sum = Some(
            sum.unwrap_or(0)
                .saturating_add(number.saturating_mul(*unit)),
        );
        rest = after.trim_start();
    }
    sum
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

fn in_rollback(file: &File<'_>) -> impl Iterator<Item = Finding> {
    let late = file
        .layout
        .rollback_notes
        .iter()
        .filter(|note| note.kind == NoteKind::Header);
    late.map(|note| {
        Finding::at(note.span, "a header line in the rollback block")
            .help("move it to the top of the file")
    })
}
