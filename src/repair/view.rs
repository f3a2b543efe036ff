//! Views and materialized views.

use super::Site;
use super::clause::{options, with};
use super::kind::Named;
use super::step::{Change, Made, Step, step};
use crate::source::TableLock::{AccessExclusive, ShareUpdateExclusive};

/// A view as the reader writes it: what it is made with, on lines of their own, and its query.
struct View<'a> {
    options: Option<&'a str>,
    method: Option<&'a str>,
    query: &'a str,
    /// What the rows of a materialized view are identified by.
    identity: Option<&'a str>,
}

impl<'a> View<'a> {
    fn of(text: &'a str) -> Self {
        let mut query = text;
        let mut line = |word: &str| {
            let (first, rest) = query.split_once('\n')?;
            let found = first.strip_prefix(word)?;
            query = rest;
            Some(found)
        };
        let options = line("with ");
        let method = line("using ");
        let (query, identity) = match query.rsplit_once("\nreplica identity ") {
            Some((query, identity)) => (query, Some(identity)),
            None => (query, None),
        };
        Self {
            options,
            method,
            query,
            identity,
        }
    }
}

pub(super) fn create(_: &Site<'_>, view: Named<'_>) -> Made {
    Ok(vec![step(created("VIEW", view))])
}

pub(super) fn create_materialized(_: &Site<'_>, view: Named<'_>) -> Made {
    let mut steps = vec![step(created("MATERIALIZED VIEW", view))];
    steps.extend(identity(view.name, View::of(view.text).identity));
    Ok(steps)
}

fn identity(view: &str, identity: Option<&str>) -> Option<Step> {
    let identity = identity?.to_uppercase();
    let sql = format!("ALTER MATERIALIZED VIEW {view} REPLICA IDENTITY {identity}");
    Some(step(sql).lock(view, AccessExclusive))
}

fn created(kind: &str, view: Named<'_>) -> String {
    let parsed = View::of(view.text);
    let using = parsed.method.map(|method| format!(" USING {method}"));
    let with = parsed.options.map(|list| format!(" WITH {}", with(list)));
    format!(
        "CREATE {kind} {}{}{} AS\n{}",
        view.name,
        using.unwrap_or_default(),
        with.unwrap_or_default(),
        parsed.query.trim_end().trim_end_matches(';')
    )
}

pub(super) fn alter(_: &Site<'_>, view: Named<'_>, found: &str) -> Change {
    let (is, was) = (View::of(view.text), View::of(found));
    if is.query != was.query || is.method != was.method {
        return Change::Replace;
    }
    let is_materialized = view.object.starts_with("materialized ");
    let (kind, mode) = if is_materialized {
        ("MATERIALIZED VIEW", ShareUpdateExclusive)
    } else {
        ("VIEW", AccessExclusive)
    };
    let changes = options(is.options, was.options);
    let steps = changes
        .iter()
        .map(|change| step(format!("ALTER {kind} {} {change}", view.name)).lock(view.name, mode));
    let identity = (is.identity != was.identity)
        .then(|| identity(view.name, is.identity.or(Some("default"))))
        .flatten();
    Change::Steps(Ok(steps.chain(identity).collect()))
}

pub(super) fn drop(_: &Site<'_>, view: Named<'_>) -> Made {
    let step = step(format!("DROP VIEW {}", view.name));
    Ok(vec![step.lock(view.name, AccessExclusive)])
}

pub(super) fn drop_materialized(_: &Site<'_>, view: Named<'_>) -> Made {
    let step = step(format!("DROP MATERIALIZED VIEW {}", view.name));
    Ok(vec![step.lock(view.name, AccessExclusive)])
}
