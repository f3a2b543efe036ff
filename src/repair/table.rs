//! Tables: with their columns, and with what is set for them.

use super::clause::{Clauses, items, options, split, with};
use super::kind::{Named, TABLE_SETTINGS};
use super::step::{Change, Made, Step, alter_table, alter_table_under, step};
use super::{Site, column, constraint};
use crate::source::TableLock::{AccessExclusive, ShareRowExclusive, ShareUpdateExclusive};

const WORDS: [&str; 13] = [
    "unlogged",
    "foreign",
    "table",
    "of",
    "inherits (",
    "partition by",
    "using",
    "with (",
    "server",
    "options (",
    "row level security",
    "forced row level security",
    "replica identity",
];

const FOREIGN: &str = "a foreign table: its options are not quoted in what is sealed, and its server is somebody else's";

/// A table as the reader writes it.
struct Table<'a> {
    clauses: Clauses<'a>,
    /// Of which table, and for which values.
    partition: Option<(&'a str, &'a str)>,
    /// The composite type whose attributes are its columns.
    composite: Option<&'a str>,
}

impl<'a> Table<'a> {
    fn of(text: &'a str) -> Self {
        let clauses = Clauses::of(text, &WORDS);
        let is_partition = clauses.get("table") == Some("partition");
        let of = clauses.get("of");
        Self {
            partition: of.filter(|_| is_partition).and_then(cut_bound),
            composite: of.filter(|_| !is_partition),
            clauses,
        }
    }
}

/// `measures FOR VALUES ...`, `measures DEFAULT`.
fn cut_bound(text: &str) -> Option<(&str, &str)> {
    let cut = Clauses::of(text, &["FOR VALUES", "DEFAULT"]);
    let parent = cut.get("")?;
    Some((parent, text[parent.len()..].trim()))
}

/// The tables whose columns a table has.
pub(super) fn parents(text: &str) -> Vec<&str> {
    let table = Table::of(text);
    if let Some((parent, _)) = table.partition {
        return vec![parent];
    }
    table
        .clauses
        .get("inherits (")
        .map(items)
        .unwrap_or_default()
}

/// The composite type that a table is of.
pub(super) fn composite(text: &str) -> Option<&str> {
    Table::of(text).composite
}

/// The parent whose constraint or index takes in this one, once the table is a partition or child of it.
pub(super) fn future_parent<'s>(site: &'s Site<'_>, part: Named<'_>) -> Option<&'s str> {
    let (relation, name) = split(part.name);
    let table = format!("table {relation}");
    let (expected, live) = (site.expected.get(&table)?, site.live.get(&table)?);
    let before = parents(live);
    let new = parents(expected)
        .into_iter()
        .filter(|parent| !before.contains(parent));
    let kind = part.object.split(' ').next().unwrap_or_default();
    let is_same = |parent: &&str| {
        let prefix = format!("{kind} {parent}.");
        let all = site.expected.range(prefix.clone()..);
        let mut all = all.take_while(|(object, _)| object.starts_with(&prefix));
        all.any(|(object, text)| {
            let is_inherited = split(object).1 == name && part.text.starts_with("CHECK");
            text == part.text && (is_inherited || !part.text.starts_with("CHECK"))
        })
    };
    new.into_iter().find(is_same)
}

pub(super) fn create(site: &Site<'_>, table: Named<'_>) -> Made {
    let name = table.name;
    let parsed = Table::of(table.text);
    let clauses = &parsed.clauses;
    if clauses.has("foreign") {
        return Err(FOREIGN.to_owned());
    }
    let unlogged = if clauses.has("unlogged") {
        "UNLOGGED "
    } else {
        ""
    };
    let columns: Vec<(&str, &str)> = columns(site, name).collect();
    let mut steps = Vec::new();
    let mut sql = format!("CREATE {unlogged}TABLE {name}");
    let mut lock = None;
    if let Some((parent, bound)) = parsed.partition {
        sql.push_str(&format!(" PARTITION OF {parent} {bound}"));
        lock = Some(parent);
    } else if let Some(of) = parsed.composite {
        sql.push_str(&format!(" OF {of}"));
    } else {
        let all: Vec<String> = columns
            .iter()
            .map(|(object, text)| format!("\n    {}", column::defined(site, object, text)))
            .collect();
        let end = if all.is_empty() { "" } else { "\n" };
        sql.push_str(&format!(" ({}{end})", all.join(",")));
    }
    if let Some(parents) = clauses.get("inherits (") {
        sql.push_str(&format!(" INHERITS {parents}"));
        lock = items(parents).first().copied();
    }
    if let Some(key) = clauses.get("partition by") {
        sql.push_str(&format!(" PARTITION BY {key}"));
    }
    if let Some(method) = clauses.get("using") {
        sql.push_str(&format!(" USING {method}"));
    }
    if let Some(options) = clauses.get("with (") {
        sql.push_str(&format!(" WITH {}", with(options)));
    }
    let created = step(sql);
    steps.push(match lock {
        Some(parent) if parsed.partition.is_some() => created.lock(parent, AccessExclusive),
        Some(parent) => created.lock(parent, ShareUpdateExclusive),
        None => created,
    });
    // Those of a partition and of a typed table are there with it: what its own have beyond that is set.
    let is_given = parsed.partition.is_some() || parsed.composite.is_some();
    for (object, text) in &columns {
        let given = if is_given {
            given(site, &parsed, object, text)
        } else {
            None
        };
        match given {
            None => steps.extend(column::settings(site, object, text)),
            Some(given) => {
                let named = Named {
                    object: "",
                    name: object,
                    text,
                };
                if let Change::Steps(made) = column::alter(site, named, &given) {
                    steps.extend(made?);
                }
            }
        }
    }
    steps.extend(state(site, name, clauses, &Clauses::of("table", &WORDS)));
    Ok(steps)
}

/// A column as it is at the start: as the parent has it, or of the type alone.
fn given(site: &Site<'_>, table: &Table<'_>, name: &str, text: &str) -> Option<String> {
    if let Some((parent, _)) = table.partition {
        let of_parent = format!("column {parent}.{}", split(name).1);
        return site.expected.get(&of_parent).cloned();
    }
    let clauses = Clauses::of(
        text,
        &[
            "storage",
            "compression",
            "statistics",
            "with (",
            "not null",
            "default",
        ],
    );
    clauses.get("").map(str::to_owned)
}

fn columns<'s>(site: &'s Site<'_>, table: &str) -> impl Iterator<Item = (&'s str, &'s str)> {
    let prefix = format!("column {table}.");
    let from = site.expected.range(prefix.clone()..);
    let all = from.take_while(move |(object, _)| object.starts_with(&prefix));
    let length = "column ".len();
    let name = table.to_owned();
    all.map(move |(object, text)| (&object[length..], text.as_str()))
        .filter(move |(column, _)| split(column).0 == name)
}

/// Row level security and replica identity. That of an index goes with the index.
fn state(site: &Site<'_>, table: &str, expected: &Clauses<'_>, found: &Clauses<'_>) -> Vec<Step> {
    let differs = |word| expected.get(word) != found.get(word);
    let mut steps = Vec::new();
    let mut push = |what: String| steps.push(alter_table(table, what).rank(TABLE_SETTINGS));
    if differs("row level security") {
        let verb = if expected.has("row level security") {
            "ENABLE"
        } else {
            "DISABLE"
        };
        push(format!("{verb} ROW LEVEL SECURITY"));
    }
    if differs("forced row level security") {
        let no = if expected.has("forced row level security") {
            ""
        } else {
            "NO "
        };
        push(format!("{no}FORCE ROW LEVEL SECURITY"));
    }
    let by_index = !expected.has("replica identity") && constraint::has_identity(site, table);
    if differs("replica identity") && !by_index {
        let identity = expected.get("replica identity").unwrap_or("default");
        push(format!("REPLICA IDENTITY {}", identity.to_uppercase()));
    }
    steps
}

pub(super) fn alter(site: &Site<'_>, table: Named<'_>, found: &str) -> Change {
    Change::Steps(altered(site, table, found))
}

fn altered(site: &Site<'_>, table: Named<'_>, found: &str) -> Made {
    let name = table.name;
    let (is, was) = (Table::of(table.text), Table::of(found));
    let (expected, found) = (&is.clauses, &was.clauses);
    let differs = |word| expected.get(word) != found.get(word);
    if differs("foreign") || differs("server") || differs("options (") {
        return Err(FOREIGN.to_owned());
    }
    if differs("partition by") {
        return Err(
            "how a table is partitioned cannot be altered: create another, and move the rows"
                .to_owned(),
        );
    }
    let mut steps = Vec::new();
    if is.partition != was.partition {
        steps.extend(repartitioned(name, &is, &was));
    }
    if differs("inherits (") {
        steps.extend(disinherited(name, expected, found));
    }
    if is.composite != was.composite {
        steps.push(match is.composite {
            Some(of) => alter_table(name, format!("OF {of}")),
            None => alter_table(name, "NOT OF"),
        });
    }
    if differs("unlogged") {
        steps.push(if expected.has("unlogged") {
            let step = alter_table(name, "SET UNLOGGED");
            step.hazard("rewrites the table; after a crash of the server it is empty, and it is so on standbys")
        } else {
            alter_table(name, "SET LOGGED")
                .hazard("rewrites the table, and writes all of it to the WAL; it loses nothing")
        });
    }
    if differs("using") {
        let method = expected.get("using").unwrap_or("heap");
        if site.major < 15 {
            return Err(
                "the access method of a table cannot be altered before PostgreSQL 15".to_owned(),
            );
        }
        let step = alter_table(name, format!("SET ACCESS METHOD {method}"));
        steps.push(step.hazard("rewrites the table; it loses nothing"));
    }
    for change in options(expected.get("with ("), found.get("with (")) {
        steps.push(alter_table_under(name, change, ShareUpdateExclusive));
    }
    steps.extend(state(site, name, expected, found));
    Ok(steps)
}

fn repartitioned(name: &str, is: &Table<'_>, was: &Table<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some((parent, _)) = was.partition {
        let step = alter_table(parent, format!("DETACH PARTITION {name}"));
        let step = step.lock(name, AccessExclusive);
        steps.push(step.hazard(
            "takes the rows of the partition out of the partitioned table; they stay in their own",
        ));
    }
    if let Some((parent, bound)) = is.partition {
        let what = format!("ATTACH PARTITION {name} {bound}");
        let step = alter_table_under(parent, what, ShareUpdateExclusive);
        let step = step.lock(name, AccessExclusive);
        steps.push(match was.partition {
            Some(_) => {
                step.hazard("for what DETACH PARTITION took out; fails where a row does not fit")
            }
            None => step,
        });
    }
    steps
}

fn disinherited(name: &str, expected: &Clauses<'_>, found: &Clauses<'_>) -> Vec<Step> {
    let list = |clauses: &Clauses<'_>| -> Vec<String> {
        let all = clauses.get("inherits (").map(items).unwrap_or_default();
        all.into_iter().map(str::to_owned).collect()
    };
    let (is, was) = (list(expected), list(found));
    let gone = was.iter().filter(|one| !is.contains(one));
    let gone = gone.map(|one| alter_table(name, format!("NO INHERIT {one}")));
    let new = is.iter().filter(|one| !was.contains(one));
    let new = new.map(|one| alter_table(name, format!("INHERIT {one}")));
    gone.chain(new).collect()
}

pub(super) fn drop(_: &Site<'_>, table: Named<'_>) -> Made {
    let foreign = if Table::of(table.text).clauses.has("foreign") {
        "FOREIGN "
    } else {
        ""
    };
    let step = step(format!("DROP {foreign}TABLE {}", table.name));
    let step = step.lock(table.name, AccessExclusive);
    Ok(vec![step.hazard("destroys the table and its rows")])
}

/// The triggers of a table fire again, but for those that are sealed otherwise.
pub(super) fn enable_triggers(site: &Site<'_>, table: &str) -> Vec<Step> {
    let enable = alter_table_under(table, "ENABLE TRIGGER ALL", ShareRowExclusive);
    let prefix = format!("trigger {table}.");
    let all = site.expected.range(prefix.clone()..);
    let all = all.take_while(|(object, _)| object.starts_with(&prefix));
    let kept = all.filter_map(|(object, text)| {
        let (_, state) = super::part::cut_state(text);
        let what = super::part::trigger_state(&object[prefix.len()..], state);
        state.map(|_| alter_table_under(table, what, ShareRowExclusive))
    });
    std::iter::once(enable).chain(kept).collect()
}
