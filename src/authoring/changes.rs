//! What a step may change in rows that are there, as the head of its file with rows says it:
//!
//! `-- changes forward, back: workflows.name: what shared a name is renamed`
//!
//! Every other column of every row has to stay as it is. A line that allows what does not happen is refused.

use std::collections::BTreeSet;

use crate::history::quote;

const OPENING: &str = "-- changes ";

/// In which move rows change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Move {
    /// On the way forward, against the rows before.
    Forward,
    /// On the way back: against the rows before the step, or, where the application has written at the new version,
    /// against what it left.
    Back,
    /// Forward again, against the rows after the first time.
    Again,
}

/// A line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Change {
    /// The line as it stands.
    pub(super) line: String,
    /// When.
    pub(super) moves: BTreeSet<Move>,
    /// What changes: a column as [`place`] writes it, or a table where whole rows come and go.
    pub(super) places: BTreeSet<String>,
}

impl Change {
    /// A line that allows all of this.
    pub(super) fn advice(moves: &str, places: &BTreeSet<String>) -> String {
        let places: Vec<&str> = places.iter().map(String::as_str).collect();
        format!("{OPENING}{moves}: {}: <reason>", places.join(", "))
    }
}

/// A column of a table, the table as the schema names it.
pub(super) fn place(table: &str, column: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if column.chars().all(is_plain) {
        return format!("{table}.{column}");
    }
    format!("{table}.{}", quote(column))
}

/// Reads the lines.
///
/// # Errors
/// Those that are not understood, with their places.
pub(super) fn parse(path: &str, text: &str) -> Result<Vec<Change>, Vec<String>> {
    let mut changes = Vec::new();
    let mut wrong = Vec::new();
    for (nth, line) in text.lines().enumerate() {
        let Some(rest) = line.strip_prefix(OPENING) else {
            continue;
        };
        match change(line, rest) {
            Some(change) => changes.push(change),
            None => wrong.push(format!(
                "{path}:{}: not understood: `{line}`; write `-- changes forward, back: table.column, table.column: reason`, \
                 with the moves forward, back and again, or the table alone where whole rows come and go",
                nth + 1
            )),
        }
    }
    if wrong.is_empty() {
        Ok(changes)
    } else {
        Err(wrong)
    }
}

fn change(line: &str, rest: &str) -> Option<Change> {
    let (moves, rest) = rest.split_once(':')?;
    let moves: Option<BTreeSet<Move>> = moves.split(',').map(a_move).collect();
    let [places, reason] = split_unquoted(rest, ':', 2).try_into().ok()?;
    let places: BTreeSet<String> = split_unquoted(places, ',', usize::MAX)
        .iter()
        .map(|place| place.trim().to_owned())
        .collect();
    if reason.trim().is_empty() || places.contains("") {
        return None;
    }
    Some(Change {
        line: line.to_owned(),
        moves: moves?,
        places,
    })
}

/// Into so many parts at most, at a sign that does not stand in a quoted name.
fn split_unquoted(text: &str, sign: char, parts: usize) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut is_quoted) = (0, false);
    for (at, c) in text.char_indices() {
        is_quoted ^= c == '"';
        if c == sign && !is_quoted && found.len() + 1 < parts {
            found.push(&text[start..at]);
            start = at + c.len_utf8();
        }
    }
    found.push(&text[start..]);
    found
}

fn a_move(word: &str) -> Option<Move> {
    match word.trim() {
        "forward" => Some(Move::Forward),
        "back" => Some(Move::Back),
        "again" => Some(Move::Again),
        _ => None,
    }
}
