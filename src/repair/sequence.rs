//! Sequences, but for those of identity columns.

use super::Site;
use super::clause::{Clauses, split};
use super::kind::{Named, OWNED_SEQUENCES};
use super::step::{Change, Made, Step, step};
use crate::source::TableLock::{AccessExclusive, ShareRowExclusive};

const WORDS: [&str; 8] = [
    "unlogged",
    "start",
    "increment",
    "minvalue",
    "maxvalue",
    "cache",
    "cycle",
    "owned by",
];

/// What a sequence is set to, as ALTER SEQUENCE takes it.
const SETTINGS: [(&str, &str); 5] = [
    ("increment", "INCREMENT BY"),
    ("minvalue", "MINVALUE"),
    ("maxvalue", "MAXVALUE"),
    ("start", "START WITH"),
    ("cache", "CACHE"),
];

fn parsed(text: &str) -> (bool, &str, Clauses<'_>) {
    let (is_unlogged, rest) = match text.strip_prefix("unlogged ") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let clauses = Clauses::of(rest, &WORDS);
    (is_unlogged, clauses.get("").unwrap_or_default(), clauses)
}

pub(super) fn create(site: &Site<'_>, sequence: Named<'_>) -> Made {
    let name = sequence.name;
    let (is_unlogged, of, clauses) = parsed(sequence.text);
    let unlogged = if is_unlogged { "UNLOGGED " } else { "" };
    let mut sql = format!("CREATE {unlogged}SEQUENCE {name} AS {of}");
    for (word, words) in SETTINGS {
        if let Some(value) = clauses.get(word) {
            sql.push_str(&format!(" {words} {value}"));
        }
    }
    if clauses.has("cycle") {
        sql.push_str(" CYCLE");
    }
    let mut steps = vec![step(sql)];
    if let Some(column) = clauses.get("owned by") {
        steps.push(owned(site, name, column));
    }
    Ok(steps)
}

fn owned(site: &Site<'_>, name: &str, column: &str) -> Step {
    let step = step(format!("ALTER SEQUENCE {name} OWNED BY {column}")).rank(OWNED_SEQUENCES);
    if site.is_fresh(name) {
        return step;
    }
    step.lock(name, ShareRowExclusive)
}

pub(super) fn alter(site: &Site<'_>, sequence: Named<'_>, found: &str) -> Change {
    let name = sequence.name;
    let (is_unlogged, of, expected) = parsed(sequence.text);
    let (was_unlogged, was_of, found) = parsed(found);
    let mut parts = Vec::new();
    if of != was_of {
        parts.push(format!("AS {of}"));
    }
    for (word, words) in SETTINGS {
        let value = expected.get(word);
        // Another type has other limits, which the sealed ones replace.
        if value != found.get(word) || (of != was_of && word.ends_with("value")) {
            parts.push(format!("{words} {}", value.unwrap_or_default()));
        }
    }
    match (expected.has("cycle"), found.has("cycle")) {
        (true, false) => parts.push("CYCLE".to_owned()),
        (false, true) => parts.push("NO CYCLE".to_owned()),
        _ => {}
    }
    let mut steps = Vec::new();
    if !parts.is_empty() {
        let sql = format!("ALTER SEQUENCE {name} {}", parts.join(" "));
        steps.push(step(sql).lock(name, ShareRowExclusive));
    }
    if is_unlogged != was_unlogged {
        let logged = if is_unlogged { "UNLOGGED" } else { "LOGGED" };
        steps.push(step(format!("ALTER SEQUENCE {name} SET {logged}")).lock(name, AccessExclusive));
    }
    match (expected.get("owned by"), found.get("owned by")) {
        (expected, found) if expected == found => {}
        (Some(column), _) => steps.push(owned(site, name, column)),
        (None, _) => steps.push(owned(site, name, "NONE")),
    }
    Change::Steps(Ok(steps))
}

pub(super) fn drop(site: &Site<'_>, sequence: Named<'_>) -> Made {
    let (_, _, clauses) = parsed(sequence.text);
    if let Some(column) = clauses.get("owned by") {
        let (table, _) = split(column);
        let is_extra = |object: String| {
            site.live.contains_key(&object) && !site.expected.contains_key(&object)
        };
        if is_extra(format!("column {column}")) || is_extra(format!("table {table}")) {
            return Err(format!("it goes with the column {column}, which owns it"));
        }
    }
    let step = step(format!("DROP SEQUENCE {}", sequence.name));
    let step = step.lock(sequence.name, AccessExclusive);
    Ok(vec![step.hazard(
        "destroys the sequence, and with it the next value",
    )])
}
