//! Rules about what a migration was seen to do. Syntax says what may happen to a table; the seal says what did.

use super::super::Checked;
use super::super::problem::{Finding, Problem};
use super::super::rules::{Check, RULES, Rule};
use super::Seal;
use crate::source::Blocks;
use std::sync::Arc;

pub(in super::super) const REWRITE_RECIPE: &str = "add a new column without a default that is computed for each row, fill it in batches, let the application use it, drop the old one later";

pub(in super::super) const LONG_LOCK_RECIPE: &str = "change the rows in a migration of their own; add a constraint as NOT VALID and validate it in another migration";

/// What the evidence says against a migration. Asked before it is sealed: afterwards its forward part, where an allowance
/// stands, does not change any more.
pub fn evidence_problems(checked: &Checked, seal: &Seal, text: &str) -> Vec<Problem> {
    let file = format!("{}.sql", checked.stem);
    let text: Arc<str> = Arc::from(text);
    let mut problems = Vec::new();
    for rule in RULES {
        if let Check::Evidence(judge) = rule.check {
            let finding = weigh(rule, judge(seal), checked);
            problems.extend(finding.map(|finding| finding.into_problem(rule.name, &file, &text)));
        }
    }
    problems
}

/// What speaks against the file is nothing where the file allows it; an allowance of nothing is wrong itself.
fn weigh(rule: &Rule, against: Option<String>, checked: &Checked) -> Option<Finding> {
    let name = rule.name;
    let mut allowances = checked.allowances.iter();
    let allowance = allowances.find(|allowance| allowance.rule == name);
    match (against, allowance) {
        (Some(message), None) => {
            let fix = rule.fix;
            Some(Finding::whole(message).help(format!(
                "{fix}; or say why it is safe here: `-- allow: {name}: <reason>`"
            )))
        }
        (None, Some(allowance)) => {
            let message = format!("this allows nothing: `{name}` finds nothing in the seal");
            Some(Finding::at(allowance.span, message).help("delete the line"))
        }
        (Some(_), Some(_)) | (None, None) => None,
    }
}

pub(in super::super) fn table_rewrite(seal: &Seal) -> Option<String> {
    let tables = quoted(&seal.rewrites);
    (!tables.is_empty())
        .then(|| format!("it rewrites {tables}, and nobody can read there until that is done"))
}

/// A table lock that is taken after the last row was touched lasts a moment; the seal does not know the order, and the file
/// may say so.
pub(in super::super) fn long_table_lock(seal: &Seal) -> Option<String> {
    // Each statement of a file without a transaction gives its table locks back.
    if !seal.transaction || seal.rows.is_empty() {
        return None;
    }
    // What is dropped is no longer in use when this runs.
    let is_kept = |table: &str| !seal.dropped.contains(&format!("table {table}"));
    let blocked = seal
        .locks
        .iter()
        .filter(|(table, lock)| lock.blocks() == Blocks::ReadsAndWrites && is_kept(table));
    let blocked = quoted(blocked.map(|(table, _)| table));
    let touched = quoted(seal.rows.keys());
    (!blocked.is_empty()).then(|| {
        format!("nobody can read {blocked} while it reads or writes the rows of {touched}")
    })
}

fn quoted<'a>(tables: impl IntoIterator<Item = &'a String>) -> String {
    let tables = tables.into_iter().map(|table| format!("`{table}`"));
    tables.collect::<Vec<_>>().join(", ")
}
