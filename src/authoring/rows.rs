//! What a move did to the rows: which were lost, and which values changed.
//!
//! A pure function of the rows before and after.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::changes::{Change, Move, place};
use super::state::{Row, Rows, Table};
use crate::report::count;

/// What a move did to the rows.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Moved {
    /// What is gone: tables, columns and rows, a line each.
    pub(super) lost: Vec<String>,
    /// Values that are no longer what they were, declared or not, a line a row. One that was NULL is none.
    pub(super) overwritten: Vec<String>,
    /// What is not as it was though no line of the file with rows says so, a line a row.
    pub(super) changed: Vec<String>,
    /// Where that is: `workflows.name`, or a table where whole rows come or go.
    pub(super) places: BTreeSet<String>,
    /// What was declared and happened: which change, and at which of its places.
    pub(super) happened: BTreeSet<(usize, String)>,
}

/// What became of a row.
enum Fate<'a> {
    Gone(&'a Row),
    Came(&'a Row),
    Changed(&'a Row, &'a Row),
}

/// Compares the rows after a move with those before it. A table or a column that was renamed is the same one, and is called
/// by the name that it had before the move.
pub(super) fn moved(expected: &Rows, found: &Rows, changes: &[Change], a_move: Move) -> Moved {
    let mut moved = Moved::default();
    let at_this_move = changes.iter().enumerate();
    let declared: Vec<(usize, &Change)> = at_this_move
        .filter(|(_, change)| change.moves.contains(&a_move))
        .collect();
    for (table, before) in expected {
        let Some(after) = later(expected, table, found) else {
            moved.lose_table(table, &before.rows);
            continue;
        };
        let names = before.columns_in(after);
        for column in before.columns.keys() {
            if !names.contains_key(column.as_str()) {
                moved.lose_column(table, column, &before.rows);
            }
        }
        let renamed: Vec<Row> = after.rows.iter().map(|row| called(row, &names)).collect();
        let common = names.into_keys().collect();
        let fates = fates(&before.rows, &renamed, &common);
        moved.compare(table, &fates, &common, &declared);
    }
    moved
}

/// The table of before, as it is found: the same one under whatever name, or else one that was made in its place.
fn later<'a>(expected: &Rows, table: &str, found: &'a Rows) -> Option<&'a Table> {
    let oid = expected.get(table)?.oid;
    if let Some(same) = found.values().find(|other| other.oid == oid) {
        return Some(same);
    }
    let namesake = found.get(table)?;
    let is_another = expected.values().any(|other| other.oid == namesake.oid);
    (!is_another).then_some(namesake)
}

impl Table {
    /// The columns that are still there, each by its name here, with the name that it has there.
    fn columns_in<'a>(&'a self, later: &'a Self) -> BTreeMap<&'a str, &'a str> {
        let is_same_table = self.oid == later.oid;
        let of_number = |wanted: i16| {
            let mut columns = later.columns.iter().filter(|_| is_same_table);
            columns.find(|(_, number)| **number == wanted)
        };
        let is_taken = |number: i16| is_same_table && self.columns.values().any(|n| *n == number);
        let later_name = |(name, number): (&'a String, &'a i16)| {
            if let Some((other, _)) = of_number(*number) {
                return Some((name.as_str(), other.as_str()));
            }
            let (namesake, other) = later.columns.get_key_value(name)?;
            (!is_taken(*other)).then_some((name.as_str(), namesake.as_str()))
        };
        self.columns.iter().filter_map(later_name).collect()
    }
}

/// The row with the columns of these names, by their earlier ones.
fn called(row: &Row, names: &BTreeMap<&str, &str>) -> Row {
    let values = names
        .iter()
        .filter_map(|(earlier, name)| Some(((*earlier).to_owned(), row.get(*name)?.clone())));
    values.collect()
}

impl Moved {
    fn lose_table(&mut self, table: &str, rows: &[Row]) {
        if !rows.is_empty() {
            self.lost.push(format!(
                "  - table {table} with {}",
                count(rows.len(), "row")
            ));
        }
    }

    fn lose_column(&mut self, table: &str, column: &str, rows: &[Row]) {
        let values = rows
            .iter()
            .filter(|row| row.get(column).is_some_and(|value| !value.is_null()));
        let values = values.count();
        if values > 0 {
            self.lost.push(format!(
                "  - column {table}.{column} with {}",
                count(values, "value")
            ));
        }
    }

    fn compare(
        &mut self,
        table: &str,
        fates: &[Fate<'_>],
        common: &BTreeSet<&str>,
        declared: &[(usize, &Change)],
    ) {
        for fate in fates {
            match fate {
                Fate::Gone(row) => self
                    .lost
                    .push(format!("  - {table}: {}", project(row, common))),
                Fate::Came(_) => {}
                Fate::Changed(before, after) => {
                    let was_there =
                        |column: &&str| before.get(*column).is_some_and(|value| !value.is_null());
                    let values = differing(before, after, common);
                    let values: Vec<&str> = values.into_iter().filter(was_there).collect();
                    if !values.is_empty() {
                        self.overwritten
                            .push(change_line(table, before, after, &values));
                    }
                }
            }
            self.hold_to(table, fate, common, declared);
        }
    }

    /// Holds what became of a row to what was declared.
    fn hold_to(
        &mut self,
        table: &str,
        fate: &Fate<'_>,
        common: &BTreeSet<&str>,
        declared: &[(usize, &Change)],
    ) {
        if self.is_declared(table, declared) {
            return;
        }
        match fate {
            Fate::Gone(row) => self.change(
                table.to_owned(),
                format!("  - {table}: {}", project(row, common)),
            ),
            Fate::Came(row) => self.change(
                table.to_owned(),
                format!("  + {table}: {}", project(row, common)),
            ),
            Fate::Changed(before, after) => {
                let mut values = differing(before, after, common);
                values.retain(|column| !self.is_declared(&place(table, column), declared));
                for column in &values {
                    self.places.insert(place(table, column));
                }
                if !values.is_empty() {
                    self.changed
                        .push(change_line(table, before, after, &values));
                }
            }
        }
    }

    /// Whether a line allows what happened at a place; the lines that do are not in vain.
    fn is_declared(&mut self, place: &str, declared: &[(usize, &Change)]) -> bool {
        let allowing = declared
            .iter()
            .filter(|(_, change)| change.places.contains(place));
        let happened: Vec<_> = allowing.map(|(nth, _)| (*nth, place.to_owned())).collect();
        let is_declared = !happened.is_empty();
        self.happened.extend(happened);
        is_declared
    }

    fn change(&mut self, place: String, line: String) {
        self.places.insert(place);
        self.changed.push(line);
    }
}

/// What became of each row that is not as it was. A row that goes and one that comes are one that changed, where they have
/// a value in common that tells rows apart.
fn fates<'a>(before: &'a [Row], after: &'a [Row], columns: &BTreeSet<&str>) -> Vec<Fate<'a>> {
    let mut after: Vec<&Row> = after.iter().collect();
    let mut gone = Vec::new();
    for row in before {
        match after
            .iter()
            .position(|other| differing(row, other, columns).is_empty())
        {
            Some(place) => _ = after.remove(place),
            None => gone.push(row),
        }
    }
    let mut fates = Vec::new();
    for row in gone {
        let alike = |other: &&Row| {
            let same = columns.iter().filter(|column| {
                row.get(**column) == other.get(**column)
                    && row.get(**column).is_some_and(|value| !value.is_null())
            });
            same.count()
        };
        let nearest =
            (0..after.len()).max_by_key(|place| (alike(&after[*place]), usize::MAX - place));
        match nearest.filter(|place| {
            is_same_row(row, after[*place]) || 2 * alike(&after[*place]) > columns.len()
        }) {
            Some(place) => fates.push(Fate::Changed(row, after.remove(place))),
            None => fates.push(Fate::Gone(row)),
        }
    }
    fates.extend(after.into_iter().map(Fate::Came));
    fates
}

fn is_same_row(before: &Row, after: &Row) -> bool {
    before
        .get("id")
        .is_some_and(|id| after.get("id") == Some(id))
}

/// The columns, of some, in which two rows differ.
fn differing<'a>(before: &Row, after: &Row, columns: &BTreeSet<&'a str>) -> Vec<&'a str> {
    let columns = columns.iter().copied();
    columns
        .filter(|column| before.get(*column) != after.get(*column))
        .collect()
}

/// `~ workflows (id "b1"): name "Daily report" -> "Daily report (2)"`.
fn change_line(table: &str, before: &Row, after: &Row, columns: &[&str]) -> String {
    let name = before.get_key_value("id").or_else(|| before.iter().next());
    let name = name.filter(|(column, _)| !columns.contains(&column.as_str()));
    let name = name
        .map(|(column, value)| format!(" ({column} {value})"))
        .unwrap_or_default();
    let value = |row: &Row, column: &str| row.get(column).unwrap_or(&Value::Null).to_string();
    let values = columns.iter().map(|column| {
        format!(
            "{column} {} -> {}",
            value(before, column),
            value(after, column)
        )
    });
    format!(
        "  ~ {table}{name}: {}",
        values.collect::<Vec<_>>().join(", ")
    )
}

/// Some columns of a row.
fn project(row: &Row, columns: &BTreeSet<&str>) -> String {
    let kept = row
        .iter()
        .filter(|(name, _)| columns.contains(name.as_str()));
    kept.map(|(name, value)| format!("{name} {value}"))
        .collect::<Vec<_>>()
        .join(", ")
}
