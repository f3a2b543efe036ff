//! Extensions, schemas, triggers, rules, policies, statistics and event triggers.

use super::Site;
use super::clause::{Clauses, beside, items, split};
use super::constraint::without;
use super::kind::Named;
use super::step::{Change, Made, Step, alter_table_under, step};
use crate::schema::literal;
use crate::source::TableLock::{AccessExclusive, ShareRowExclusive, ShareUpdateExclusive};

pub(super) fn create_extension(_: &Site<'_>, one: Named<'_>) -> Made {
    let schema = one.text.strip_prefix("in schema ").unwrap_or("public");
    Ok(vec![step(format!(
        "CREATE EXTENSION IF NOT EXISTS {} WITH SCHEMA {schema}",
        one.name
    ))])
}

pub(super) fn alter_extension(_: &Site<'_>, one: Named<'_>, _: &str) -> Change {
    let schema = one.text.strip_prefix("in schema ").unwrap_or("public");
    Change::Steps(Ok(vec![step(format!(
        "ALTER EXTENSION {} SET SCHEMA {schema}",
        one.name
    ))]))
}

pub(super) fn drop_extension(_: &Site<'_>, one: Named<'_>) -> Made {
    let step = step(format!("DROP EXTENSION {}", one.name));
    Ok(vec![step.hazard("others may need it")])
}

pub(super) fn create_schema(_: &Site<'_>, one: Named<'_>) -> Made {
    Ok(vec![step(format!("CREATE SCHEMA {}", one.name))])
}

pub(super) fn alter_schema(_: &Site<'_>, _: Named<'_>, _: &str) -> Change {
    Change::Steps(Ok(Vec::new()))
}

pub(super) fn drop_schema(_: &Site<'_>, one: Named<'_>) -> Made {
    let step = step(format!("DROP SCHEMA {}", one.name));
    Ok(vec![step.hazard("fails while anything is in it")])
}

/// What a trigger of a partition is, where it came with that of the partitioned table and fires otherwise.
const OF_PARTITION: &str = "of a partition, ";

/// A definition, and when it fires, where that is not as usual.
pub(super) fn cut_state(text: &str) -> (&str, Option<&'static str>) {
    let states = [
        (" DISABLED", "DISABLE"),
        (" enabled replica", "ENABLE REPLICA"),
        (" enabled always", "ENABLE ALWAYS"),
    ];
    for (end, verb) in states {
        if let (text, true) = without(text, end) {
            return (text, Some(verb));
        }
    }
    (text, None)
}

pub(super) fn trigger_state(name: &str, state: Option<&str>) -> String {
    format!("{} TRIGGER {name}", state.unwrap_or("ENABLE"))
}

pub(super) fn create_trigger(_: &Site<'_>, one: Named<'_>) -> Made {
    let (relation, name) = split(one.name);
    let (text, state) = cut_state(one.text);
    if one.text.starts_with(OF_PARTITION) {
        let (_, state) = cut_state(&one.text[OF_PARTITION.len() - 1..]);
        return Ok(vec![alter_table_under(
            relation,
            trigger_state(name, state),
            ShareRowExclusive,
        )]);
    }
    let (constraint, text) = match text.strip_prefix("constraint ") {
        Some(text) => ("CONSTRAINT ", text),
        None => ("", text),
    };
    let created = step(format!("CREATE {constraint}TRIGGER {name} {text}"));
    let mut steps = vec![created.lock(relation, ShareRowExclusive)];
    steps.extend(
        state.map(|_| alter_table_under(relation, trigger_state(name, state), ShareRowExclusive)),
    );
    Ok(steps)
}

pub(super) fn alter_trigger(site: &Site<'_>, one: Named<'_>, found: &str) -> Change {
    let (relation, name) = split(one.name);
    let ((is, state), (was, _)) = (cut_state(one.text), cut_state(found));
    if one.text.starts_with(OF_PARTITION) {
        return Change::Steps(create_trigger(site, one));
    }
    if is != was {
        return Change::Replace;
    }
    Change::Steps(Ok(vec![alter_table_under(
        relation,
        trigger_state(name, state),
        ShareRowExclusive,
    )]))
}

pub(super) fn drop_trigger(site: &Site<'_>, one: Named<'_>) -> Made {
    let (relation, name) = split(one.name);
    if one.text.starts_with(OF_PARTITION) {
        let state = parent_state(site, relation, name);
        return Ok(vec![alter_table_under(
            relation,
            trigger_state(name, state),
            ShareRowExclusive,
        )]);
    }
    let step = step(format!("DROP TRIGGER {name} ON {relation}"));
    Ok(vec![step.lock(relation, AccessExclusive)])
}

/// When the trigger of the partitioned table fires, as sealed.
fn parent_state(site: &Site<'_>, relation: &str, name: &str) -> Option<&'static str> {
    let parents = site
        .table(relation)
        .map(super::table::parents)
        .unwrap_or_default();
    let triggers = parents
        .iter()
        .map(|parent| format!("trigger {parent}.{name}"));
    let mut texts = triggers.filter_map(|trigger| site.expected.get(&trigger));
    texts.next().and_then(|text| cut_state(text).1)
}

fn rule_state(relation: &str, name: &str, state: Option<&str>) -> Step {
    let what = format!("{} RULE {name}", state.unwrap_or("ENABLE"));
    alter_table_under(relation, what, AccessExclusive)
}

pub(super) fn create_rule(_: &Site<'_>, one: Named<'_>) -> Made {
    let (relation, name) = split(one.name);
    let (text, state) = cut_state(one.text);
    let sql = format!("CREATE RULE {name} AS {text}");
    let mut steps = vec![step(sql).lock(relation, AccessExclusive)];
    steps.extend(state.map(|_| rule_state(relation, name, state)));
    Ok(steps)
}

pub(super) fn alter_rule(_: &Site<'_>, one: Named<'_>, found: &str) -> Change {
    let (relation, name) = split(one.name);
    let ((is, state), (was, _)) = (cut_state(one.text), cut_state(found));
    if is != was {
        return Change::Replace;
    }
    Change::Steps(Ok(vec![rule_state(relation, name, state)]))
}

pub(super) fn drop_rule(_: &Site<'_>, one: Named<'_>) -> Made {
    let (relation, name) = split(one.name);
    let step = step(format!("DROP RULE {name} ON {relation}"));
    Ok(vec![step.lock(relation, AccessExclusive)])
}

pub(super) fn create_policy(site: &Site<'_>, one: Named<'_>) -> Made {
    let (relation, name) = split(one.name);
    let clauses = Clauses::of(
        one.text,
        &["restrictive", "for", "to", "using (", "with check ("],
    );
    let mut sql = format!("CREATE POLICY {name} ON {relation}");
    if clauses.has("restrictive") {
        sql.push_str(" AS RESTRICTIVE");
    }
    let command = clauses.get("for").unwrap_or("ALL");
    let roles = clauses.get("to").map(items).unwrap_or_default();
    let roles: Vec<&str> = roles.into_iter().map(|role| site.role(role)).collect();
    sql.push_str(&format!(" FOR {command} TO {}", roles.join(", ")));
    if let Some(using) = clauses.get("using (") {
        sql.push_str(&format!(" USING {using}"));
    }
    if let Some(check) = clauses.get("with check (") {
        sql.push_str(&format!(" WITH CHECK {check}"));
    }
    Ok(vec![step(sql).lock(relation, AccessExclusive)])
}

pub(super) fn alter_policy(_: &Site<'_>, _: Named<'_>, _: &str) -> Change {
    Change::Replace
}

pub(super) fn drop_policy(_: &Site<'_>, one: Named<'_>) -> Made {
    let (relation, name) = split(one.name);
    let step = step(format!("DROP POLICY {name} ON {relation}"));
    Ok(vec![step.lock(relation, AccessExclusive)])
}

/// The relation that statistics are of, and their own name with its schema.
pub(super) fn statistics<'n>(site: &Site<'_>, name: &'n str) -> (&'n str, String) {
    let (relation, own) = split(name);
    let is_relation = |name: &str| {
        ["table", "materialized view"].iter().any(|kind| {
            let object = format!("{kind} {name}");
            site.live.contains_key(&object) || site.expected.contains_key(&object)
        })
    };
    if is_relation(relation) {
        return (relation, beside(relation, own));
    }
    let (table, schema) = split(relation);
    (table, format!("{schema}.{own}"))
}

fn cut_target(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(" statistics ") {
        Some((text, target)) if target.parse::<i32>().is_ok() => (text, Some(target)),
        _ => (text, None),
    }
}

fn target(name: &str, target: Option<&str>) -> Step {
    let target = target.unwrap_or("-1");
    step(format!("ALTER STATISTICS {name} SET STATISTICS {target}"))
}

pub(super) fn create_statistics(site: &Site<'_>, one: Named<'_>) -> Made {
    let (relation, name) = statistics(site, one.name);
    let (text, set) = cut_target(one.text);
    // With expressions it is as PostgreSQL prints it, and else as a list of columns.
    let from = if text.contains(") on ") {
        format!(" FROM {relation}")
    } else {
        String::new()
    };
    let step = step(format!("CREATE STATISTICS {name} {text}{from}"));
    let mut steps = vec![step.lock(relation, ShareUpdateExclusive)];
    steps.extend(set.map(|_| target(&name, set)));
    Ok(steps)
}

pub(super) fn alter_statistics(site: &Site<'_>, one: Named<'_>, found: &str) -> Change {
    let ((is, set), (was, _)) = (cut_target(one.text), cut_target(found));
    if is != was {
        return Change::Replace;
    }
    let (_, name) = statistics(site, one.name);
    Change::Steps(Ok(vec![target(&name, set)]))
}

pub(super) fn drop_statistics(site: &Site<'_>, one: Named<'_>) -> Made {
    let (relation, name) = statistics(site, one.name);
    let step = step(format!("DROP STATISTICS {name}"));
    Ok(vec![step.lock(relation, ShareUpdateExclusive)])
}

pub(super) fn create_event_trigger(_: &Site<'_>, one: Named<'_>) -> Made {
    let (text, state) = cut_state(one.text);
    let words = ["on", "when tag in (", "execute function"];
    let clauses = Clauses::of(text, &words);
    let mut sql = format!(
        "CREATE EVENT TRIGGER {} ON {}",
        one.name,
        clauses.get("on").unwrap_or_default()
    );
    if let Some(tags) = clauses.get("when tag in (") {
        let tags: Vec<String> = items(tags).into_iter().map(literal).collect();
        sql.push_str(&format!(" WHEN TAG IN ({})", tags.join(", ")));
    }
    let function = clauses.get("execute function").unwrap_or_default();
    sql.push_str(&format!(" EXECUTE FUNCTION {function}()"));
    let mut steps = vec![step(sql)];
    steps.extend(state.map(|_| event_state(one.name, state)));
    Ok(steps)
}

fn event_state(name: &str, state: Option<&str>) -> Step {
    step(format!(
        "ALTER EVENT TRIGGER {name} {}",
        state.unwrap_or("ENABLE")
    ))
}

pub(super) fn alter_event_trigger(_: &Site<'_>, one: Named<'_>, found: &str) -> Change {
    let ((is, state), (was, _)) = (cut_state(one.text), cut_state(found));
    if is != was {
        return Change::Replace;
    }
    Change::Steps(Ok(vec![event_state(one.name, state)]))
}

pub(super) fn drop_event_trigger(_: &Site<'_>, one: Named<'_>) -> Made {
    Ok(vec![step(format!("DROP EVENT TRIGGER {}", one.name))])
}
