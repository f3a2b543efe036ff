//! What a move did to the rows: which were lost, and which values changed.
//!
//! A pure function of the rows before and after.

use std::collections::BTreeSet;

use super::changes::{Change, Move};
use super::state::{Row, Rows};

/// What a move did to the rows.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Moved {
    /// What is gone: tables, columns and rows, a line each.
    pub(super) lost: Vec<String>,
    /// Rows that are not as they were though no line of the file with rows says so, `-` and `+`.
    pub(super) changed: Vec<String>,
    /// Whether a value or a row differs, declared or not.
    pub(super) differs: bool,
    /// The declared changes that happened.
    pub(super) happened: BTreeSet<usize>,
}

/// Compares the rows after a move with those before it.
pub(super) fn moved(expected: &Rows, found: &Rows, changes: &[Change], a_move: Move) -> Moved {
    let mut moved = Moved::default();
    for (table, before) in expected {
        let Some(after) = found.get(table) else {
            moved.lose_table(table, before);
            continue;
        };
        let after_columns = columns(after);
        let gone = columns(before);
        let gone = gone
            .iter()
            .filter(|column| !after.is_empty() && !after_columns.contains(*column));
        for column in gone {
            moved.lose_column(table, column, before);
        }
        moved.compare(table, before, after, changes, a_move);
    }
    moved
}

impl Moved {
    fn lose_table(&mut self, table: &str, rows: &[Row]) {
        if !rows.is_empty() {
            self.lost.push(format!("  - table {table} with {}", count(rows.len(), "row")));
        }
    }

    fn lose_column(&mut self, table: &str, column: &str, rows: &[Row]) {
        let values = rows.iter().filter(|row| row.get(column).is_some_and(|value| !value.is_null()));
        let values = values.count();
        if values > 0 {
            self.lost.push(format!("  - column {table}.{column} with {}", count(values, "value")));
        }
    }

    fn compare(&mut self, table: &str, before: &[Row], after: &[Row], changes: &[Change], a_move: Move) {
        let mut common = columns(before);
        if !after.is_empty() {
            let after = columns(after);
            common.retain(|column| after.contains(column));
        }
        self.differs |= !differing(before, after, &common).is_empty();
        if after.len() < before.len() {
            let lost = count(before.len() - after.len(), "row");
            self.lost.push(format!("  - {lost} of table {table}"));
        }
        let declared = changes
            .iter()
            .enumerate()
            .filter(|(_, change)| change.table == table && change.moves.contains(&a_move));
        let mut rows_come_and_go = false;
        for (nth, change) in declared {
            if !differing(before, after, &common).is_empty() {
                self.happened.insert(nth);
            }
            common.retain(|column| !change.columns.contains(*column));
            rows_come_and_go |= change.columns.is_empty();
        }
        if !rows_come_and_go {
            let lines = differing(before, after, &common).into_iter();
            self.changed.extend(lines.map(|line| format!("  {} {table}: {}", &line[..1], &line[2..])));
        }
    }
}

/// The columns of a table that has a row.
fn columns(rows: &[Row]) -> BTreeSet<&str> {
    let first = rows.first().into_iter();
    first.flat_map(|row| row.keys().map(String::as_str)).collect()
}

/// The rows that only one side has, over some columns: `-` before, `+` after.
fn differing(before: &[Row], after: &[Row], columns: &BTreeSet<&str>) -> Vec<String> {
    let mut after: Vec<String> = after.iter().map(|row| project(row, columns)).collect();
    let mut lines = Vec::new();
    for row in before.iter().map(|row| project(row, columns)) {
        match after.iter().position(|other| *other == row) {
            Some(place) => _ = after.remove(place),
            None => lines.push(format!("- {row}")),
        }
    }
    lines.extend(after.into_iter().map(|row| format!("+ {row}")));
    lines
}

/// Some columns of a row.
fn project(row: &Row, columns: &BTreeSet<&str>) -> String {
    let kept = row.iter().filter(|(name, _)| columns.contains(name.as_str()));
    kept.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
