//! Functions, procedures and aggregates.

use super::Site;
use super::clause::{Clauses, items};
use super::kind::Named;
use super::step::{Change, Made, step};

/// `audit.who(integer)` without its arguments.
pub(super) fn base(name: &str) -> &str {
    let mut quoted = false;
    let end = name.find(|c| {
        quoted ^= c == '"';
        c == '(' && !quoted
    });
    &name[..end.unwrap_or(name.len())]
}

/// What a definition says before its body.
pub(super) fn head(text: &str) -> &str {
    let end = text.find("\n LANGUAGE ").or_else(|| text.find("\nAS "));
    &text[..end.unwrap_or(text.len())]
}

fn word(routine: Named<'_>) -> &'static str {
    if routine.object.starts_with("procedure ") {
        "PROCEDURE"
    } else {
        "FUNCTION"
    }
}

pub(super) fn create(_: &Site<'_>, routine: Named<'_>) -> Made {
    Ok(vec![step(format!(
        "CREATE OR REPLACE {} {}{}",
        word(routine),
        base(routine.name),
        routine.text
    ))])
}

/// Another result, and arguments with other names or defaults, are refused by CREATE OR REPLACE.
pub(super) fn alter(site: &Site<'_>, routine: Named<'_>, found: &str) -> Change {
    if head(routine.text) == head(found) {
        return Change::Steps(create(site, routine));
    }
    Change::Replace
}

pub(super) fn drop(_: &Site<'_>, routine: Named<'_>) -> Made {
    let word = if routine.object.starts_with("aggregate ") {
        "AGGREGATE"
    } else {
        word(routine)
    };
    let base = base(routine.name);
    let arguments = match &routine.name[base.len()..] {
        // An aggregate without arguments is named so.
        "()" if word == "AGGREGATE" => "(*)",
        arguments => arguments,
    };
    Ok(vec![step(format!("DROP {word} {base}{arguments}"))])
}

pub(super) fn replace(_: &Site<'_>, _: Named<'_>, _: &str) -> Change {
    Change::Replace
}

/// The clauses of an aggregate in their order, and what CREATE AGGREGATE calls them.
const CLAUSES: [(&str, &str); 17] = [
    ("returns", ""),
    ("sfunc", "SFUNC"),
    ("stype", "STYPE"),
    ("sspace", "SSPACE"),
    ("finalfunc", "FINALFUNC"),
    ("finalfunc_modify", "FINALFUNC_MODIFY"),
    ("combinefunc", "COMBINEFUNC"),
    ("serialfunc", "SERIALFUNC"),
    ("deserialfunc", "DESERIALFUNC"),
    ("initcond", "INITCOND"),
    ("msfunc", "MSFUNC"),
    ("minvfunc", "MINVFUNC"),
    ("mstype", "MSTYPE"),
    ("msspace", "MSSPACE"),
    ("mfinalfunc", "MFINALFUNC"),
    ("mfinalfunc_modify", "MFINALFUNC_MODIFY"),
    ("minitcond", "MINITCOND"),
];

pub(super) fn create_aggregate(_: &Site<'_>, aggregate: Named<'_>) -> Made {
    let words: Vec<&'static str> = CLAUSES.iter().map(|(word, _)| *word).collect();
    let is_rare = [
        "ordered set",
        "hypothetical set",
        " sortop ",
        "finalfunc_extra",
        " support ",
    ]
    .iter()
    .any(|word| aggregate.text.contains(word));
    if is_rare {
        return Err("an ordered-set aggregate, or one with a sort operator or extra arguments: take its statement from the migration".to_owned());
    }
    let (text, parallel) = match aggregate.text.rsplit_once(" parallel ") {
        Some((text, parallel)) => (text, Some(parallel)),
        None => (aggregate.text, None),
    };
    let clauses = Clauses::of(text, &words);
    let mut parts: Vec<String> = CLAUSES
        .iter()
        .filter(|(_, sql)| !sql.is_empty())
        .filter_map(|(word, sql)| Some(format!("{sql} = {}", value(word, clauses.get(word)?))))
        .collect();
    parts.extend(parallel.map(|parallel| format!("PARALLEL = {parallel}")));
    let all = items(clauses.get("").unwrap_or_default()).join(", ");
    let all = if all.is_empty() { "*" } else { &all };
    Ok(vec![step(format!(
        "CREATE AGGREGATE {} ({all}) ({})",
        base(aggregate.name),
        parts.join(", ")
    ))])
}

fn value<'v>(word: &str, value: &'v str) -> &'v str {
    match (word.ends_with("_modify"), value) {
        (true, "r") => "READ_ONLY",
        (true, "s") => "SHAREABLE",
        (true, "w") => "READ_WRITE",
        _ => value,
    }
}
