//! Rules about what a migration was seen to do. Syntax says what may happen to a table; the seal says what did.

use super::super::problem::{Finding, Problem};
use super::super::rules::{Check, RULES};
use super::super::{Allowance, Checked};
use super::Seal;
use crate::source::{Blocks, TableLock};
use std::sync::Arc;

/// What the evidence says against a migration. Asked before it is sealed: afterwards its forward part, and an allowance
/// stands there, does not change any more.
pub fn evidence_problems(checked: &Checked, seal: &Seal, text: &str) -> Vec<Problem> {
    let file = format!("{}.sql", checked.stem);
    let text: Arc<str> = Arc::from(text);
    let mut problems = Vec::new();
    for rule in RULES {
        let Check::Evidence(judge) = rule.check else {
            continue;
        };
        let found = excused(rule.name, judge(checked, seal), checked);
        let tagged = found
            .into_iter()
            .map(|finding| finding.into_problem(rule.name, &file, &text));
        problems.extend(tagged);
    }
    problems
}

/// What is left where the file allows it; an allowance that allows nothing is a finding itself.
fn excused(rule: &str, found: Vec<Finding>, checked: &Checked) -> Vec<Finding> {
    let mut allowances = checked
        .allowances
        .iter()
        .filter(|allowance| allowance.rule == rule);
    let nothing = |allowance: &Allowance| {
        let message = format!("`allow: {rule}` allows nothing here");
        Finding::at(allowance.span, message).help("delete the line")
    };
    if found.is_empty() {
        return allowances.map(nothing).collect();
    }
    match allowances.next() {
        Some(_) => allowances.map(nothing).collect(),
        None => found,
    }
}

pub(in super::super) fn table_rewrite(_: &Checked, seal: &Seal) -> Vec<Finding> {
    if seal.rewrites.is_empty() {
        return Vec::new();
    }
    let tables = quoted(&seal.rewrites);
    vec![
        Finding::whole(format!("it rewrites {tables}, and nobody can read there until that is done"))
            .help("add a new column without a default that is computed for each row, fill it in batches, let the application use it, drop the old one later; where the table is small, write `-- allow: table-rewrite: <reason>`"),
    ]
}

/// A table lock that is taken after the last row was touched lasts a moment; the seal does not know the order, and the file
/// may say so.
pub(in super::super) fn long_table_lock(_: &Checked, seal: &Seal) -> Vec<Finding> {
    let touched = seal.rows.keys();
    // What is dropped is no longer in use when this runs.
    let is_kept = |table: &str| !seal.dropped.contains(&format!("table {table}"));
    let blocked = seal
        .locks
        .iter()
        .filter(|(table, lock)| lock.blocks() == Blocks::ReadsAndWrites && is_kept(table));
    let blocked: Vec<&String> = blocked.map(|(table, _): (_, &TableLock)| table).collect();
    // Each statement of a file without a transaction gives its table locks back.
    if !seal.transaction || blocked.is_empty() || seal.rows.is_empty() {
        return Vec::new();
    }
    let (blocked, touched) = (quoted(blocked), quoted(touched));
    vec![
        Finding::whole(format!("nobody can read {blocked} while it reads or writes the rows of {touched}"))
            .help("change the rows in a migration of their own; add constraints as NOT VALID, and validate them in another one; where there are few rows, write `-- allow: long-table-lock: <reason>`"),
    ]
}

fn quoted<'a>(tables: impl IntoIterator<Item = &'a String>) -> String {
    let tables = tables.into_iter().map(|table| format!("`{table}`"));
    tables.collect::<Vec<_>>().join(", ")
}
