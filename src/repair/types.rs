//! Enums, domains, ranges and composite types.

use super::clause::{Clauses, items};
use super::kind::Named;
use super::step::{Change, Made, Place, Step, step};
use super::{Site, table};
use crate::source::TableLock::AccessExclusive;

const OF_DOMAIN: [&str; 4] = ["collate", "not null", "default", "constraint"];

const OF_RANGE: [(&str, &str); 5] = [
    ("of", "SUBTYPE"),
    ("subtype_opclass", "SUBTYPE_OPCLASS"),
    ("collate", "COLLATION"),
    ("canonical", "CANONICAL"),
    ("subtype_diff", "SUBTYPE_DIFF"),
];

pub(super) fn drop_type(_: &Site<'_>, one: Named<'_>) -> Made {
    Ok(vec![step(format!("DROP TYPE {}", one.name))])
}

fn labels(text: &str) -> Vec<&str> {
    if text == "no label" {
        Vec::new()
    } else {
        items(text)
    }
}

pub(super) fn create_enum(_: &Site<'_>, one: Named<'_>) -> Made {
    let labels = labels(one.text).join(", ");
    Ok(vec![step(format!(
        "CREATE TYPE {} AS ENUM ({labels})",
        one.name
    ))])
}

/// Labels can be added anywhere, and never removed.
pub(super) fn alter_enum(_: &Site<'_>, one: Named<'_>, found: &str) -> Change {
    let (is, was) = (labels(one.text), labels(found));
    let extra: Vec<&str> = was
        .iter()
        .filter(|label| !is.contains(label))
        .copied()
        .collect();
    let absent: Vec<&str> = is
        .iter()
        .filter(|label| !was.contains(label))
        .copied()
        .collect();
    let kept = is.iter().filter(|label| was.contains(label));
    let is_in_order = kept.eq(was.iter().filter(|label| is.contains(label)));
    if let ([from], [to]) = (extra.as_slice(), absent.as_slice())
        && is.iter().position(|label| label == to) == was.iter().position(|label| label == from)
    {
        let step = step(format!(
            "ALTER TYPE {} RENAME VALUE {from} TO {to}",
            one.name
        ));
        return Change::Steps(Ok(vec![step.hazard(format!(
            "right only where {to} was renamed to {from}, which cannot be seen: values that are {from} become {to}"
        ))]));
    }
    if !extra.is_empty() {
        return Change::Steps(Err(format!(
            "PostgreSQL cannot remove a label from an enum: {}; rename it, or create another type, convert the columns to \
             it, and drop this one",
            extra.join(", ")
        )));
    }
    if !is_in_order {
        return Change::Steps(Err(
            "PostgreSQL cannot change the order of the labels of an enum".to_owned(),
        ));
    }
    Change::Steps(Ok(added(one.name, &is, was)))
}

fn added<'a>(name: &str, is: &[&'a str], mut was: Vec<&'a str>) -> Vec<Step> {
    let mut steps = Vec::new();
    for (nth, label) in is.iter().enumerate() {
        if was.contains(label) {
            continue;
        }
        // Those before it are there by now.
        let place = match (nth.checked_sub(1), was.first()) {
            (Some(before), _) => format!(" AFTER {}", is[before]),
            (None, Some(first)) => format!(" BEFORE {first}"),
            (None, None) => String::new(),
        };
        was.insert(nth, label);
        let sql = format!("ALTER TYPE {name} ADD VALUE IF NOT EXISTS {label}{place}");
        steps.push(step(sql).at(Place::Before));
    }
    steps
}

pub(super) fn create_domain(_: &Site<'_>, one: Named<'_>) -> Made {
    let clauses = Clauses::of(one.text, &OF_DOMAIN);
    let mut sql = format!(
        "CREATE DOMAIN {} AS {}",
        one.name,
        clauses.get("").unwrap_or_default()
    );
    if let Some(collation) = clauses.get("collate") {
        sql.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(value) = clauses.get("default") {
        sql.push_str(&format!(" DEFAULT {value}"));
    }
    if clauses.has("not null") {
        sql.push_str(" NOT NULL");
    }
    let mut steps = vec![step(sql)];
    steps.extend(
        clauses
            .all("constraint")
            .map(|constraint| add(one.name, constraint)),
    );
    Ok(steps)
}

fn add(domain: &str, constraint: &str) -> Step {
    step(format!("ALTER DOMAIN {domain} ADD CONSTRAINT {constraint}"))
}

/// The constraints of a domain, each with its name.
fn constraints<'a>(clauses: &'a Clauses<'a>) -> Vec<(&'a str, &'a str)> {
    let all = clauses.all("constraint");
    all.map(|one| {
        (
            Clauses::of(one, &["CHECK"]).get("").unwrap_or_default(),
            one,
        )
    })
    .collect()
}

pub(super) fn alter_domain(_: &Site<'_>, one: Named<'_>, found: &str) -> Change {
    let (is, was) = (
        Clauses::of(one.text, &OF_DOMAIN),
        Clauses::of(found, &OF_DOMAIN),
    );
    if is.get("") != was.get("") || is.get("collate") != was.get("collate") {
        return Change::Steps(Err(
            "the type and the collation of a domain cannot be altered: create another domain, convert the columns to it, \
             and drop this one"
                .to_owned(),
        ));
    }
    let name = one.name;
    let (should, there) = (constraints(&is), constraints(&was));
    let gone = there.iter().filter(|one| !should.contains(one));
    let gone =
        gone.map(|(constraint, _)| format!("ALTER DOMAIN {name} DROP CONSTRAINT {constraint}"));
    let mut steps: Vec<Step> = gone.map(step).collect();
    match (is.get("default"), was.get("default")) {
        (expected, found) if expected == found => {}
        (Some(value), _) => steps.push(step(format!("ALTER DOMAIN {name} SET DEFAULT {value}"))),
        (None, _) => steps.push(step(format!("ALTER DOMAIN {name} DROP DEFAULT"))),
    }
    match (is.has("not null"), was.has("not null")) {
        (true, false) => steps.push(step(format!("ALTER DOMAIN {name} SET NOT NULL"))),
        (false, true) => steps.push(step(format!("ALTER DOMAIN {name} DROP NOT NULL"))),
        _ => {}
    }
    let new = should.iter().filter(|one| !there.contains(one));
    steps.extend(new.map(|(_, constraint)| add(name, constraint)));
    Change::Steps(Ok(steps))
}

pub(super) fn drop_domain(_: &Site<'_>, one: Named<'_>) -> Made {
    Ok(vec![step(format!("DROP DOMAIN {}", one.name))])
}

pub(super) fn create_range(_: &Site<'_>, one: Named<'_>) -> Made {
    let words: Vec<&'static str> = OF_RANGE.iter().map(|(word, _)| *word).collect();
    let clauses = Clauses::of(one.text, &words);
    if clauses.has("canonical") {
        return Err("a range with a canonical function: the function needs the type first; take the statements from the migration".to_owned());
    }
    let parts = OF_RANGE
        .iter()
        .filter_map(|(word, sql)| Some(format!("{sql} = {}", clauses.get(word)?)));
    let parts: Vec<String> = parts.collect();
    Ok(vec![step(format!(
        "CREATE TYPE {} AS RANGE ({})",
        one.name,
        parts.join(", ")
    ))])
}

pub(super) fn alter_range(_: &Site<'_>, _: Named<'_>, _: &str) -> Change {
    Change::Steps(Err(
        "a range type cannot be altered: create another, convert the columns to it, and drop this one".to_owned(),
    ))
}

pub(super) fn create_type(_: &Site<'_>, one: Named<'_>) -> Made {
    match one.text {
        "shell" => Ok(vec![step(format!("CREATE TYPE {}", one.name))]),
        text if text.starts_with("base,") => Err(
            "a base type: its functions are of a library; take the statements from the migration"
                .to_owned(),
        ),
        text => Ok(vec![step(format!("CREATE TYPE {} AS {text}", one.name))]),
    }
}

/// Attributes can be added at the end, dropped, and get another type.
pub(super) fn alter_type(site: &Site<'_>, one: Named<'_>, found: &str) -> Change {
    if !one.text.starts_with('(') || !found.starts_with('(') {
        return Change::Steps(Err("a shell or base type cannot be altered".to_owned()));
    }
    let (is, was) = (attributes(one.text), attributes(found));
    let names = |all: &[(&str, String)]| -> Vec<String> {
        all.iter().map(|(name, _)| (*name).to_owned()).collect()
    };
    let kept: Vec<String> = names(&was)
        .into_iter()
        .filter(|name| names(&is).contains(name))
        .collect();
    if !names(&is).starts_with(&kept) {
        return Change::Steps(Err(
            "the order of the attributes differs, and ALTER TYPE adds them at the end: create another type, convert the \
             columns to it, and drop this one"
                .to_owned(),
        ));
    }
    let alter = format!("ALTER TYPE {}", one.name);
    let gone = was
        .iter()
        .filter(|(name, _)| !kept.iter().any(|kept| kept == name));
    let gone = gone.map(|(name, _)| {
        step(format!("{alter} DROP ATTRIBUTE {name}"))
            .hazard("destroys its values, wherever the type is used")
    });
    let mut steps: Vec<Step> = gone.collect();
    for (name, text) in &is {
        match was.iter().find(|(other, _)| other == name) {
            Some((_, before)) if before == text => {}
            Some(_) => steps.push(
                step(format!("{alter} ALTER ATTRIBUTE {name} TYPE {text}")).hazard(
                    "fails where a table uses the type, and for values that the other cannot hold",
                ),
            ),
            None => steps.push(step(format!("{alter} ADD ATTRIBUTE {name} {text}"))),
        }
    }
    let steps = steps
        .into_iter()
        .map(|step| over_tables(site, one.name, step));
    Change::Steps(Ok(steps.collect()))
}

/// The tables of a type change with it.
fn over_tables(site: &Site<'_>, name: &str, mut step: Step) -> Step {
    let tables = site.live.iter().filter_map(|(object, text)| {
        let table = object.strip_prefix("table ")?;
        (table::composite(text) == Some(name)).then_some(table)
    });
    let mut tables = tables.peekable();
    if tables.peek().is_some() {
        step.sql = format!("{} CASCADE;", step.sql.trim_end_matches(';'));
    }
    tables.fold(step, |step, table| step.lock(table, AccessExclusive))
}

fn attributes(text: &str) -> Vec<(&str, String)> {
    let cut = |item| {
        let first = crate::schema::tokens(item)
            .into_iter()
            .next()
            .unwrap_or_default();
        (first, item[first.len()..].trim().to_owned())
    };
    items(text).into_iter().map(cut).collect()
}
