//! Constraints of tables.

use super::clause::{beside, options, split, with};
use super::kind::Named;
use super::step::{Change, Made, Place, Step, alter_table, alter_table_under, step};
use super::{Site, table};
use crate::source::TableLock::{
    AccessExclusive, RowShare, ShareRowExclusive, ShareUpdateExclusive,
};

/// A constraint as the reader writes it: what PostgreSQL prints, and what is said behind it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a word of the text that is there or not"
)]
struct Constraint<'a> {
    definition: &'a str,
    is_valid: bool,
    options: Option<&'a str>,
    is_clustered: bool,
    is_identity: bool,
    is_broken: bool,
    silent: Option<&'a str>,
}

impl<'a> Constraint<'a> {
    fn of(text: &'a str) -> Self {
        let (text, silent) = match text.rsplit_once(" triggers disabled on ") {
            Some((text, tables)) => (text, Some(tables)),
            None => (text, None),
        };
        let (text, is_broken) = without(text, " INVALID");
        let (text, is_identity) = without(text, " replica identity");
        let (text, is_clustered) = without(text, " clustered");
        let (text, options) = match text.rfind(" with (") {
            Some(at) if text.ends_with(')') => (&text[..at], Some(&text[at + " with ".len()..])),
            _ => (text, None),
        };
        let (definition, not_valid) = without(text, " NOT VALID");
        Self {
            definition,
            is_valid: !not_valid,
            options,
            is_clustered,
            is_identity,
            is_broken,
            silent,
        }
    }

    /// Without when it is checked, which alone can be altered.
    fn undeferred(&self) -> &'a str {
        let (text, _) = without(self.definition, " INITIALLY DEFERRED");
        without(text, " DEFERRABLE").0
    }

    fn is_foreign_key(&self) -> bool {
        self.definition.starts_with("FOREIGN KEY")
    }
}

/// A text without its end, and whether it had it.
pub(super) fn without<'a>(text: &'a str, end: &str) -> (&'a str, bool) {
    text.strip_suffix(end)
        .map_or((text, false), |text| (text, true))
}

/// The table that a foreign key refers to.
pub(super) fn referenced(text: &str) -> Option<&str> {
    if !text.starts_with("FOREIGN KEY") {
        return None;
    }
    let behind = text.find(" REFERENCES ")? + " REFERENCES ".len();
    let name = &text[behind..];
    let mut quoted = false;
    let end = name.find(|c| {
        quoted ^= c == '"';
        c == '(' && !quoted
    })?;
    Some(&name[..end])
}

pub(super) fn create(site: &Site<'_>, constraint: Named<'_>) -> Made {
    let (relation, name) = split(constraint.name);
    let parsed = Constraint::of(constraint.text);
    let is_check = parsed.definition.starts_with("CHECK");
    let is_lazy = is_check || parsed.is_foreign_key();
    let has_rows = !site.is_fresh(relation);
    // Before PostgreSQL 18 a partitioned table takes no foreign key that is not validated.
    let can_wait = is_check || !site.is_partitioned(relation);
    let (not_valid, validates) = match (parsed.is_valid, has_rows && is_lazy && can_wait) {
        (false, _) => (" NOT VALID", false),
        (true, true) => (" NOT VALID", true),
        (true, false) => ("", false),
    };
    let what = format!("ADD CONSTRAINT {name} {}{not_valid}", parsed.definition);
    let mut steps = vec![match referenced(parsed.definition) {
        Some(other) => {
            alter_table_under(relation, what, ShareRowExclusive).lock(other, ShareRowExclusive)
        }
        None => alter_table(relation, what),
    }];
    if validates {
        steps.push(validate(relation, name, &parsed));
    }
    let index = beside(relation, name);
    if let Some(list) = parsed.options {
        let sql = format!("ALTER INDEX {index} SET {}", with(list));
        steps.push(step(sql).lock(&index, ShareUpdateExclusive));
    }
    steps.extend(marks(site, relation, name, &parsed, &Constraint::of("")));
    if parsed.silent.is_some() {
        return Err(format!(
            "its triggers are sealed as disabled; once it is there: ALTER TABLE {relation} DISABLE TRIGGER ALL"
        ));
    }
    Ok(steps)
}

fn validate(relation: &str, name: &str, constraint: &Constraint<'_>) -> Step {
    let what = format!("VALIDATE CONSTRAINT {name}");
    let step = alter_table_under(relation, what, ShareUpdateExclusive);
    match referenced(constraint.definition) {
        Some(other) => step.lock(other, RowShare),
        None => step,
    }
}

/// What a table is clustered by, and identified by.
fn marks(
    site: &Site<'_>,
    relation: &str,
    index: &str,
    expected: &Constraint<'_>,
    found: &Constraint<'_>,
) -> Vec<Step> {
    let clustered = (expected.is_clustered != found.is_clustered)
        .then(|| clustered(relation, index, expected.is_clustered));
    let identity = identity(
        site,
        relation,
        index,
        expected.is_identity,
        found.is_identity,
    );
    clustered.into_iter().chain(identity).collect()
}

pub(super) fn clustered(relation: &str, index: &str, is_clustered: bool) -> Step {
    let what = if is_clustered {
        format!("CLUSTER ON {index}")
    } else {
        "SET WITHOUT CLUSTER".to_owned()
    };
    alter_table_under(relation, what, ShareUpdateExclusive)
}

/// What identifies the rows of a table becomes this index, or is it no more.
pub(super) fn identity(
    site: &Site<'_>,
    relation: &str,
    index: &str,
    is: bool,
    was: bool,
) -> Option<Step> {
    if is && !was {
        let what = format!("REPLICA IDENTITY USING INDEX {index}");
        return Some(alter_table(relation, what));
    }
    let is_set = site
        .table(relation)
        .is_some_and(|table| table.contains(" replica identity "));
    (was && !is && !is_set && !has_identity(site, relation))
        .then(|| alter_table(relation, "REPLICA IDENTITY DEFAULT"))
}

/// Whether an index is sealed as what identifies the rows of a table.
pub(super) fn has_identity(site: &Site<'_>, relation: &str) -> bool {
    ["constraint", "index"].iter().any(|kind| {
        let prefix = format!("{kind} {relation}.");
        let all = site.expected.range(prefix.clone()..);
        let mut all = all.take_while(|(object, _)| object.starts_with(&prefix));
        all.any(|(_, text)| text.ends_with(" replica identity"))
    })
}

pub(super) fn alter(site: &Site<'_>, constraint: Named<'_>, found: &str) -> Change {
    let (relation, name) = split(constraint.name);
    let (is, was) = (Constraint::of(constraint.text), Constraint::of(found));
    let when = is.definition != was.definition;
    if is.undeferred() != was.undeferred()
        || (when && !is.is_foreign_key())
        || (!is.is_valid && was.is_valid)
    {
        return Change::Replace;
    }
    if is.silent.is_some() && was.silent != is.silent {
        return Change::Steps(Err(
            "its triggers are sealed as disabled, on tables that are named there".to_owned(),
        ));
    }
    let mut steps = Vec::new();
    if when {
        let clauses = is.definition[is.undeferred().len()..].trim();
        let clauses = if clauses.is_empty() {
            "NOT DEFERRABLE"
        } else {
            clauses
        };
        steps.push(alter_table(
            relation,
            format!("ALTER CONSTRAINT {name} {clauses}"),
        ));
    }
    if is.is_valid && !was.is_valid {
        steps.push(validate(relation, name, &is));
    }
    let index = beside(relation, name);
    for change in options(is.options, was.options) {
        let sql = format!("ALTER INDEX {index} {change}");
        steps.push(step(sql).lock(&index, ShareUpdateExclusive));
    }
    if was.is_broken && !is.is_broken {
        steps.push(reindex(relation, &index));
    }
    steps.extend(marks(site, relation, name, &is, &was));
    if is.silent != was.silent {
        for table in was.silent.iter().flat_map(|tables| tables.split(", ")) {
            steps.extend(table::enable_triggers(site, table));
        }
    }
    Change::Steps(Ok(steps))
}

/// An index is built anew under its name.
pub(super) fn reindex(relation: &str, index: &str) -> Step {
    step(format!("REINDEX INDEX CONCURRENTLY {index}"))
        .lock(relation, ShareUpdateExclusive)
        .at(Place::After)
}

pub(super) fn drop(_: &Site<'_>, constraint: Named<'_>) -> Made {
    let (relation, name) = split(constraint.name);
    let step = alter_table(relation, format!("DROP CONSTRAINT {name}"));
    Ok(vec![match referenced(constraint.text) {
        Some(other) => step.lock(other, AccessExclusive),
        None => step,
    }])
}
