//! Differences that are the same for many objects, shown once.

use std::collections::BTreeMap;

use super::count;
use crate::schema::{Difference, before_last_dot, split_at_last};

/// How many have to be the same to be shown as one.
const FEWEST: usize = 3;

/// How long a line of names becomes.
const WIDTH: usize = 56;

/// Differences that say the same.
pub(super) struct Group<'a, T> {
    /// The first of them; under a title for all where there are several.
    pub(super) difference: Difference,
    /// The names of the objects, in lines; none where there is one.
    pub(super) names: Option<String>,
    /// All of them.
    pub(super) members: Vec<&'a T>,
}

/// Puts those together that differ in the name of the table or the object alone. The order is that of the first of each.
pub(super) fn grouped<T>(all: &[T], difference: impl Fn(&T) -> &Difference) -> Vec<Group<'_, T>> {
    let mut places: BTreeMap<_, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<&T>> = Vec::new();
    for one in all {
        let next = groups.len();
        let place = match key(difference(one)) {
            Some(key) => *places.entry(key).or_insert(next),
            None => next,
        };
        match groups.get_mut(place) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    let groups = groups.into_iter().flat_map(|group| {
        if group.len() < FEWEST {
            return group.into_iter().map(|one| vec![one]).collect();
        }
        vec![group]
    });
    groups.map(|members| group(members, &difference)).collect()
}

fn group<'a, T>(members: Vec<&'a T>, difference: &impl Fn(&T) -> &Difference) -> Group<'a, T> {
    let mut first = difference(members[0]).clone();
    let subjects = members
        .iter()
        .filter_map(|one| subject(difference(one).object()));
    let subjects: Vec<Subject<'_>> = subjects.collect();
    let names = (members.len() > 1).then(|| {
        let title = subjects[0].title(subjects.len());
        match &mut first {
            Difference::Absent { object, .. }
            | Difference::Extra { object, .. }
            | Difference::Different { object, .. } => *object = title,
        }
        in_lines(subjects.iter().map(|subject| subject.name))
    });
    Group {
        difference: first,
        names,
        members,
    }
}

/// What the differences of a group have in common.
fn key(difference: &Difference) -> Option<(String, String, Option<String>, Option<String>)> {
    let Subject {
        before,
        kind,
        after,
        ..
    } = subject(difference.object())?;
    let expected = match difference {
        Difference::Absent { expected, .. } | Difference::Different { expected, .. } => {
            Some(expected.clone())
        }
        Difference::Extra { .. } => None,
    };
    let found = difference.found().map(str::to_owned);
    Some((format!("{before}{kind}"), after.to_owned(), expected, found))
}

/// The text that names an object, in parts.
struct Subject<'a> {
    before: &'a str,
    kind: &'a str,
    name: &'a str,
    after: &'a str,
}

fn subject(object: &str) -> Option<Subject<'_>> {
    for before in ["privileges on ", "owner of "] {
        let Some(rest) = object.strip_prefix(before) else {
            continue;
        };
        let (rest, after) = match split_at_last(rest, " for ") {
            Some((rest, _)) => (rest, &object[before.len() + rest.len()..]),
            None => (rest, ""),
        };
        let kind = ["materialized view", "event trigger"]
            .into_iter()
            .find(|kind| rest.starts_with(kind))
            .or_else(|| Some(rest.split_once(' ')?.0))?;
        let name = rest[kind.len()..].trim_start();
        return Some(Subject {
            before,
            kind,
            name,
            after,
        });
    }
    let (part, rest) = object.split_once(' ')?;
    let parts = ["column", "constraint", "index", "trigger", "policy", "rule"];
    let name = before_last_dot(rest).filter(|_| parts.contains(&part))?;
    Some(Subject {
        before: &object[..=part.len()],
        kind: "table",
        name,
        after: &rest[name.len() + 1..],
    })
}

impl Subject<'_> {
    fn title(&self, number: usize) -> String {
        let Self {
            before,
            kind,
            after,
            ..
        } = self;
        let all = count(number, kind);
        if before.ends_with(" on ") || before.ends_with(" of ") {
            format!("{before}{all}{after}")
        } else {
            format!("{before}{after} of {all}")
        }
    }
}

/// Names with commas, in lines.
fn in_lines<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let mut width = 0;
    for name in names {
        if !text.is_empty() {
            let is_full = width + name.len() > WIDTH;
            text.push_str(if is_full { ",\n" } else { ", " });
            width = if is_full { 0 } else { width + 2 };
        }
        text.push_str(name);
        width += name.len();
    }
    text
}

/// How many of each kind, in the order of the kinds: `2 indexes, 1 privilege`.
pub(super) fn kinds<'a>(differences: impl Iterator<Item = &'a Difference>) -> String {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for difference in differences {
        *numbers.entry(kind(difference.object())).or_default() += 1;
    }
    let texts = numbers
        .into_iter()
        .map(|(kind, number)| match (kind, number) {
            ("index", 2..) => format!("{number} indexes"),
            ("policy", 2..) => format!("{number} policies"),
            _ => count(number, kind),
        });
    texts.collect::<Vec<_>>().join(", ")
}

fn kind(object: &str) -> &str {
    let kinds = [
        ("default privileges on ", "default privilege"),
        ("privileges on ", "privilege"),
        ("owner of ", "owner"),
        ("comment on ", "comment"),
        ("materialized view ", "materialized view"),
        ("event trigger ", "event trigger"),
    ];
    let known = kinds.iter().find(|(start, _)| object.starts_with(start));
    match known {
        Some((_, kind)) => kind,
        None => object.split(' ').next().unwrap_or_default(),
    }
}
