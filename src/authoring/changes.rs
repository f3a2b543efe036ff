//! What a step may change in rows that are there, as the head of its file with rows says it:
//!
//! `-- changes forward, back: workflows.name: what shared a name is renamed`
//!
//! Every other column of every row has to stay as it is. A line that allows what does not happen is refused.

use std::collections::BTreeSet;

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
    /// The table, as the schema names it.
    pub(super) table: String,
    /// The columns; none means that whole rows come and go.
    pub(super) columns: BTreeSet<String>,
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
                "{path}:{}: not understood: `{line}`; write `-- changes forward, back: table.column: reason`, with the \
                 moves forward, back and again, or the table alone where whole rows come and go",
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
    let mut parts = rest.splitn(3, ':');
    let moves: Option<BTreeSet<Move>> = parts.next()?.split(',').map(a_move).collect();
    let what = parts.next()?;
    parts.next().filter(|reason| !reason.trim().is_empty())?;
    let mut table = String::new();
    let mut columns = BTreeSet::new();
    for one in what.split(',').map(str::trim) {
        let (of, column) = match one.rsplit_once('.') {
            Some((of, column)) => (of, Some(column)),
            None => (one, None),
        };
        if of.is_empty() || (!table.is_empty() && table != of) {
            return None;
        }
        of.clone_into(&mut table);
        columns.extend(column.map(str::to_owned));
    }
    Some(Change {
        line: line.to_owned(),
        moves: moves?,
        table,
        columns,
    })
}

fn a_move(word: &str) -> Option<Move> {
    match word.trim() {
        "forward" => Some(Move::Forward),
        "back" => Some(Move::Back),
        "again" => Some(Move::Again),
        _ => None,
    }
}
