//! `-- allow: <rule>: <reason>`: what a file may do although a rule refuses it. It holds for the whole file.

use super::enum_value::{self, ENUM_VALUE};
use super::file::File;
use super::layout::{Note, NoteKind};
use super::problem::Finding;
use super::unsafe_ddl::HAZARDS;
use super::words::distance;
use crate::source::Span;
use serde::{Deserialize, Serialize};

/// Rules that need the evidence of the seal. They are judged where that is read, and so is whether an allowance of one
/// of them allows anything.
pub const SEAL_RULES: [&str; 2] = ["table-rewrite", "long-table-lock"];

const FORM: &str = "write `-- allow: <rule>: <reason>`";

/// A rule that a file is excused from.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
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
    let read = |note: &Note| {
        let (rule, reason) = parts(note);
        (!rule.is_empty() && !reason.is_empty()).then(|| Allowance {
            rule: rule.to_owned(),
            reason: reason.to_owned(),
            span: note.span,
        })
    };
    notes(&file.layout.notes).filter_map(read).collect()
}

/// Whether the file is excused from this rule. An allowance without a reason has its own error, which is enough.
pub(super) fn allows(file: &File<'_>, rule: &str) -> bool {
    notes(&file.layout.notes).any(|note| parts(note).0 == rule)
}

fn notes(notes: &[Note]) -> impl Iterator<Item = &Note> {
    let is_allow = |note: &&Note| note.kind == NoteKind::Allow && note.misspelt.is_none();
    notes.iter().filter(is_allow)
}

/// The rule and the reason.
fn parts(note: &Note) -> (&str, &str) {
    let (rule, reason) = note.text.split_once(':').unwrap_or((&note.text, ""));
    (rule.trim(), reason.trim())
}

pub(super) fn allowance(file: &File<'_>) -> Vec<Finding> {
    let mut seen: Vec<&str> = Vec::new();
    let forward = notes(&file.layout.notes).filter_map(|note| {
        let (rule, reason) = parts(note);
        if seen.contains(&rule) && is_known(rule) {
            let message = format!("`{rule}` is allowed a second time");
            let help = "delete the line, or say both reasons in one: an allowance holds for the whole file";
            return Some(Finding::at(note.span, message).help(help));
        }
        seen.push(rule);
        wrong(file, note.span, rule, reason)
    });
    let late = notes(&file.layout.rollback_notes).map(|note| {
        Finding::at(note.span, "an allowance in the rollback block")
            .help("delete the line: in the rollback block unsafe DDL needs no allowance")
    });
    forward.chain(late).collect()
}

fn wrong(file: &File<'_>, span: Span, rule: &str, reason: &str) -> Option<Finding> {
    if rule.is_empty() {
        return Some(Finding::at(span, "the allowance names no rule").help(FORM));
    }
    if !is_known(rule) {
        return Some(unknown(span, rule));
    }
    if reason.is_empty() {
        let message = format!("`{rule}` is allowed without a reason");
        return Some(Finding::at(span, message).help(format!(
            "say why it is safe here: `-- allow: {rule}: <reason>`"
        )));
    }
    // What cannot be parsed cannot be judged, and the seal has its own judge.
    if SEAL_RULES.contains(&rule) || !file.forward.is_sound() {
        return None;
    }
    let is_needed = if rule == ENUM_VALUE {
        !enum_value::uses(file).is_empty()
    } else {
        file.unsafe_ddl().iter().any(|found| found.rule == rule)
    };
    (!is_needed).then(|| {
        let message = format!("this allows nothing: `{rule}` finds nothing in the file");
        Finding::at(span, message).help("delete the line")
    })
}

/// The rules that can be allowed.
fn names() -> impl Iterator<Item = &'static str> {
    let hazards = HAZARDS.iter().map(|hazard| hazard.name);
    hazards.chain(SEAL_RULES).chain([ENUM_VALUE])
}

fn is_known(rule: &str) -> bool {
    names().any(|name| name == rule)
}

fn unknown(span: Span, rule: &str) -> Finding {
    if super::RULES.iter().any(|known| known.name == rule) {
        let message = format!("`{rule}` cannot be allowed");
        return Finding::at(span, message).help("change what the rule refuses");
    }
    let help = if let Some(name) = meant(rule) {
        format!("did you mean `{name}`?")
    } else {
        let mut names: Vec<&str> = names().collect();
        names.sort_unstable();
        format!("the rules that can be allowed: {}", names.join(", "))
    };
    Finding::at(span, format!("there is no rule `{rule}`")).help(help)
}

/// The rule of that name with a mistake in it, or the one that squawk calls so.
fn meant(rule: &str) -> Option<&'static str> {
    let theirs = HAZARDS.iter().find(|hazard| {
        let mut codes = hazard.seen_by.iter();
        codes.any(|code| code.to_string() == rule)
    });
    let near = || {
        let ranked = names().map(|name| (distance(rule, name), name));
        let nearest = ranked.min()?;
        (nearest.0 <= 2.max(rule.len() / 4)).then_some(nearest.1)
    };
    theirs.map(|hazard| hazard.name).or_else(near)
}
