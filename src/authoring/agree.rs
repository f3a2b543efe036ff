//! From what each server says of a migration to one seal, where they agree.
//!
//! A pure function. Objects, rewrites and whether a second run is clean must be the same on every major. Table locks are
//! the strongest that any of them takes, and rows those of the newest.

use std::collections::{BTreeMap, BTreeSet};

use super::diff;
use super::failure::Failure;
use super::subject::Subject;
use super::walk::Evidence;
use crate::check::seal::{Proven, Seal, forward_sha256, rollback_sha256, schema_sha256};
use crate::check::{Mode, Rollback};
use crate::schema::{Objects, differences};

/// The seal of a migration; or how a major differs from the newest.
pub(super) fn agree(
    subject: &Subject,
    evidence: &BTreeMap<u32, &Evidence>,
    proven_on: Proven,
) -> Result<Seal, Vec<Failure>> {
    let Some((newest, theirs)) = evidence.last_key_value() else {
        return Err(Vec::new());
    };
    let mut failures = Vec::new();
    for (&major, ours) in evidence {
        for (what, lines) in disagreements(theirs, ours) {
            let title = format!(
                "{}: PostgreSQL {newest} (-) and others (+) disagree on {what}",
                subject.stem()
            );
            failures.push(Failure::new(title).with(lines).on(major));
        }
    }
    if failures.is_empty() {
        return Ok(seal(subject, evidence, theirs, proven_on));
    }
    Err(super::failure::merged(failures))
}

fn disagreements(theirs: &Evidence, ours: &Evidence) -> Vec<(&'static str, Vec<String>)> {
    let pairs = |objects: &Objects, found: &Objects| {
        let expected = objects
            .iter()
            .map(|(object, text)| (object.as_str(), text.as_str()));
        diff::of_schemas(&differences(expected, found))
    };
    let rewrites = |evidence: &Evidence| {
        let lines: Vec<String> = evidence.measures.rewrites.iter().cloned().collect();
        lines.join("\n")
    };
    let rerun = |evidence: &Evidence| format!("rerunnable = {}", evidence.rerunnable);
    let all = [
        ("the schema", pairs(&theirs.after, &ours.after)),
        (
            "the tables that are rewritten",
            diff::of_texts(&rewrites(theirs), &rewrites(ours)),
        ),
        ("a second run", diff::of_texts(&rerun(theirs), &rerun(ours))),
    ];
    all.into_iter()
        .filter(|(_, lines)| !lines.is_empty())
        .collect()
}

fn seal(
    subject: &Subject,
    evidence: &BTreeMap<u32, &Evidence>,
    newest: &Evidence,
    proven_on: Proven,
) -> Seal {
    let checked = &subject.checked;
    let text = &subject.forward.shown;
    let (before, after) = (&newest.before, &newest.after);
    let is_new = |object: &String| !before.contains_key(object);
    let is_other = |object: &String| before.get(object) != after.get(object);
    let picked = |wanted: &dyn Fn(&String) -> bool| {
        let objects = after.iter().filter(|(object, _)| wanted(object));
        objects
            .map(|(object, text)| (object.clone(), text.clone()))
            .collect()
    };
    let mut locks = BTreeMap::new();
    for (table, lock) in evidence
        .values()
        .flat_map(|evidence| &evidence.measures.locks)
    {
        let strongest = locks.entry(table.clone()).or_insert(*lock);
        *strongest = (*lock).max(*strongest);
    }
    Seal {
        stem: checked.stem.clone(),
        forward: forward_sha256(checked, text),
        rollback: rollback_sha256(checked, text),
        schema: schema_sha256(after),
        transaction: checked.mode == Mode::Transaction,
        rerunnable: newest.rerunnable,
        proven_on,
        data_loss: checked.data_loss.clone(),
        rollback_data_loss: match &checked.rollback {
            Rollback::Sql { data_loss, .. } => data_loss.clone(),
            Rollback::Irreversible { .. } | Rollback::NothingToUndo { .. } => Vec::new(),
        },
        locks,
        rewrites: newest.measures.rewrites.clone(),
        rows: newest.measures.rows.clone(),
        added: picked(&is_new),
        changed: picked(&|object| !is_new(object) && is_other(object)),
        dropped: before
            .keys()
            .filter(|object| !after.contains_key(*object))
            .cloned()
            .collect::<BTreeSet<_>>(),
    }
}
