//! `-- allow: <rule>: <reason>`: what a file may do although a rule refuses it. It holds for the whole file.

use super::file::File;
use super::layout::{Note, NoteKind};
use super::problem::Finding;
use crate::source::Span;

/// Rules that need the evidence of the seal. They are judged where that is read, and so is whether an allowance of one
/// of them allows anything.
pub const SEAL_RULES: [&str; 2] = ["table-rewrite", "long-table-lock"];

/// A rule that a file is excused from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Allowance {
    /// The name of the rule.
    pub rule: String,
    /// Why it is safe here.
    pub reason: String,
    /// The comment that says so, in the file.
    pub span: Span,
}

/// What the forward part allows, in the order of the file.
pub(super) fn allowances(file: &File<'_>) -> Vec<Allowance> {
    let notes = file.layout.notes.iter().filter(|note| is_allow(note));
    notes.filter_map(read).collect()
}

fn is_allow(note: &Note) -> bool {
    note.kind == NoteKind::Allow && note.misspelt.is_none()
}

/// `None` where the rule or the reason is not there.
fn read(note: &Note) -> Option<Allowance> {
    let (rule, reason) = note.text.split_once(':')?;
    let (rule, reason) = (rule.trim(), reason.trim());
    (!rule.is_empty() && !reason.is_empty()).then(|| Allowance {
        rule: rule.to_owned(),
        reason: reason.to_owned(),
        span: note.span,
    })
}

pub(super) fn allowance(file: &File<'_>) -> Vec<Finding> {
    let finding = |note: &Note| {
        let name = note.text.split(':').next().unwrap_or_default().trim();
        if SEAL_RULES.contains(&name) {
            return None;
        }
        let message = format!("there is no rule `{name}` that could be allowed");
        Some(Finding::at(note.span, message).help("delete the line"))
    };
    let notes = file.notes().filter(|note| is_allow(note));
    notes.filter_map(finding).collect()
}
