//! Rules about the names in `migrations/`.

use super::problem::Finding;
use super::seal::LOCK_FILE;
use super::{Entry, is_sql};
use crate::source::{FileName, Version};
use std::collections::BTreeMap;

pub(super) fn stray_file(entries: &[Entry]) -> Vec<(usize, Finding)> {
    let stray = |entry: &Entry| match &entry.bytes {
        None => Some(
            Finding::whole("this is no plain file")
                .help("keep only migration files in this folder"),
        ),
        Some(_) if is_sql(&entry.name) || entry.name == LOCK_FILE => None,
        Some(_) => Some(
            Finding::whole("this is no migration file")
                .help("delete it, move it elsewhere, or call it `YYYY_MM_DD_N_description.sql`"),
        ),
    };
    let found = entries.iter().enumerate();
    found
        .filter_map(|(index, entry)| Some((index, stray(entry)?)))
        .collect()
}

pub(super) fn file_name(entries: &[Entry]) -> Vec<(usize, Finding)> {
    let wrong = |entry: &Entry| {
        let problem = FileName::parse(&entry.name).err()?;
        Some(Finding::whole(problem.message).help(problem.help))
    };
    let files = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| is_migration(entry));
    files
        .filter_map(|(index, entry)| Some((index, wrong(entry)?)))
        .collect()
}

fn is_migration(entry: &Entry) -> bool {
    entry.bytes.is_some() && is_sql(&entry.name)
}

/// An entry with a good name: its index, the name, and what it says.
type Named<'a> = (usize, &'a str, FileName);

/// Those, by the bytes of the name: the order in which a person sees them.
fn by_name(entries: &[Entry]) -> Vec<Named<'_>> {
    let parsed =
        |(index, entry): (usize, &'_ Entry)| Some((index, FileName::parse(&entry.name).ok()?));
    let files = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| is_migration(entry));
    let mut named: Vec<_> = files
        .filter_map(parsed)
        .map(|(index, name)| (index, entries[index].name.as_str(), name))
        .collect();
    named.sort_by_key(|(_, name, _)| *name);
    named
}

pub(super) fn duplicate_version(entries: &[Entry]) -> Vec<(usize, Finding)> {
    let named = by_name(entries);
    let mut first: BTreeMap<Version, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for (index, file, name) in &named {
        let Some(other) = first.get(&name.version) else {
            first.insert(name.version, file);
            continue;
        };
        let message = format!("version {} belongs to `{other}` already", name.version);
        found.push((
            *index,
            Finding::whole(message).help(free_counter(&named, name)),
        ));
    }
    found
}

fn day(name: &FileName) -> i64 {
    name.version.as_i64() / 100
}

fn free_counter(named: &[Named<'_>], name: &FileName) -> String {
    let last = day(name) * 100 + 99;
    let same_day = named.iter().filter(|(_, _, other)| day(other) == day(name));
    let taken = same_day.map(|(_, _, other)| other.version.as_i64());
    let next = taken.max().map_or(last, |version| version + 1);
    if next > last {
        return "take another date: the counters of this day are used up".to_owned();
    }
    format!(
        "write `{}_{}.sql`",
        Version::from_i64(next),
        name.description
    )
}

/// Dates have a fixed width, so only counters can sort wrongly: an unpadded one beside one of two digits.
pub(super) fn version_order(entries: &[Entry]) -> Vec<(usize, Finding)> {
    let named = by_name(entries);
    let is_same_day = |(_, _, a): &Named<'_>, (_, _, b): &Named<'_>| day(a) == day(b);
    let days = named.chunk_by(is_same_day);
    days.flat_map(version_order_of_a_day).collect()
}

fn version_order_of_a_day(named: &[Named<'_>]) -> Vec<(usize, Finding)> {
    let mut found = Vec::new();
    for (index, file, name) in named {
        if is_padded(file) {
            continue;
        }
        let disagrees = |(_, other_file, other): &&Named<'_>| {
            other.version != name.version && (*other_file < *file) != (other.version < name.version)
        };
        let Some((_, other, _)) = named.iter().find(disagrees) else {
            continue;
        };
        let (date, rest) = file.split_at("YYYY_MM_DD_".len());
        let message = format!(
            "by its name it runs {} `{other}`, by its version the other way round",
            if *other < *file { "after" } else { "before" }
        );
        found.push((
            *index,
            Finding::whole(message).help(format!("write `{date}0{rest}`")),
        ));
    }
    found
}

fn is_padded(file: &str) -> bool {
    file.split('_')
        .nth(3)
        .is_some_and(|counter| counter.len() == 2)
}
