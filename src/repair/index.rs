//! Indexes that belong to no constraint.

use std::collections::{BTreeMap, BTreeSet};

use super::Site;
use super::clause::{Clauses, beside, items, options, split};
use super::constraint::{clustered, identity, reindex, without};
use super::kind::Named;
use super::step::{Change, Made, Place, Step, step};
use crate::source::TableLock::{AccessExclusive, Share, ShareUpdateExclusive};

/// An index as the reader writes it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a word of the text that is there or not"
)]
struct Index<'a> {
    is_unique: bool,
    definition: &'a str,
    is_clustered: bool,
    is_identity: bool,
    is_broken: bool,
    /// Targets of its columns: `1: 100, 2: 50`.
    targets: Option<&'a str>,
}

impl<'a> Index<'a> {
    fn of(text: &'a str) -> Self {
        let (text, is_broken) = without(text, " INVALID");
        let (text, is_identity) = without(text, " replica identity");
        let (text, is_clustered) = without(text, " clustered");
        let (text, targets) = match text.rsplit_once(" statistics (") {
            Some((text, targets)) => (text, targets.strip_suffix(')')),
            None => (text, None),
        };
        let (is_unique, definition) = match text.strip_prefix("unique ") {
            Some(definition) => (true, definition),
            None => (false, text),
        };
        Self {
            is_unique,
            definition,
            is_clustered,
            is_identity,
            is_broken,
            targets,
        }
    }

    /// Whether it came to a partition with the index of the partitioned table.
    fn is_of_partition(&self) -> bool {
        self.definition.starts_with("of a partition")
    }

    /// The definition without its options, and they.
    fn options(&self) -> (String, Option<&'a str>) {
        let clauses = Clauses::of(self.definition, &["WITH (", "WHERE"]);
        let head = clauses.get("").unwrap_or_default();
        let condition = clauses.get("WHERE").unwrap_or_default();
        (format!("{head} {condition}"), clauses.get("WITH ("))
    }
}

const OF_PARTITION: &str = "an index of a partition that came with that of the partitioned table: what is set for it alone is \
                            brought back with ALTER INDEX, ALTER TABLE ... CLUSTER ON or REINDEX";

/// Whether it is built and dropped beside the work of others: not on a new table, where nobody works, and not on a
/// partitioned one, where that is refused.
fn is_beside_others(site: &Site<'_>, relation: &str) -> bool {
    !site.is_fresh(relation) && !site.is_partitioned(relation)
}

pub(super) fn create(site: &Site<'_>, index: Named<'_>) -> Made {
    let (relation, name) = split(index.name);
    let parsed = Index::of(index.text);
    if parsed.is_of_partition() {
        return Err(OF_PARTITION.to_owned());
    }
    if parsed.is_broken {
        return Err(
            "it is sealed as INVALID, and nothing makes such an index on purpose".to_owned(),
        );
    }
    let unique = if parsed.is_unique { "UNIQUE " } else { "" };
    let beside_others = is_beside_others(site, relation);
    let concurrently = if beside_others { "CONCURRENTLY " } else { "" };
    let sql = format!(
        "CREATE {unique}INDEX {concurrently}{name} ON {relation} USING {}",
        parsed.definition
    );
    let mode = if beside_others {
        ShareUpdateExclusive
    } else {
        Share
    };
    let mut steps = vec![step(sql).lock(relation, mode)];
    steps.extend(targeted(&beside(relation, name), parsed.targets, None));
    steps.extend(marks(site, relation, name, &parsed, &Index::of("")));
    Ok(placed(steps, beside_others))
}

/// What needs the index comes when it is there.
fn placed(steps: Vec<Step>, is_after: bool) -> Vec<Step> {
    if !is_after {
        return steps;
    }
    steps
        .into_iter()
        .map(|step| step.at(Place::After))
        .collect()
}

/// The statistics targets of its columns.
fn targeted(index: &str, expected: Option<&str>, found: Option<&str>) -> Vec<Step> {
    let targets = |list: Option<&str>| -> BTreeMap<String, String> {
        let all = list.map(items).unwrap_or_default();
        let pairs = all.iter().filter_map(|one| one.split_once(": "));
        pairs
            .map(|(column, target)| (column.to_owned(), target.to_owned()))
            .collect()
    };
    let (is, was) = (targets(expected), targets(found));
    let mut columns: BTreeSet<&String> = is.keys().chain(was.keys()).collect();
    columns.retain(|column| is.get(*column) != was.get(*column));
    let altered = columns.into_iter().map(|column| {
        let target = is.get(column).map_or("-1", String::as_str);
        let sql = format!("ALTER INDEX {index} ALTER COLUMN {column} SET STATISTICS {target}");
        step(sql).lock(index, ShareUpdateExclusive)
    });
    altered.collect()
}

fn marks(
    site: &Site<'_>,
    relation: &str,
    name: &str,
    expected: &Index<'_>,
    found: &Index<'_>,
) -> Vec<Step> {
    let clustered = (expected.is_clustered != found.is_clustered)
        .then(|| clustered(relation, name, expected.is_clustered));
    let identity = identity(
        site,
        relation,
        name,
        expected.is_identity,
        found.is_identity,
    );
    clustered.into_iter().chain(identity).collect()
}

pub(super) fn alter(site: &Site<'_>, index: Named<'_>, found: &str) -> Change {
    let (relation, name) = split(index.name);
    let (is, was) = (Index::of(index.text), Index::of(found));
    if is.is_of_partition() || was.is_of_partition() {
        return Change::Steps(Err(OF_PARTITION.to_owned()));
    }
    let ((expected, set), (before, had)) = (is.options(), was.options());
    if is.is_unique != was.is_unique || expected != before || is.is_broken {
        return Change::Replace;
    }
    let full = beside(relation, name);
    let mut steps: Vec<Step> = options(set, had)
        .iter()
        .map(|change| {
            step(format!("ALTER INDEX {full} {change}")).lock(&full, ShareUpdateExclusive)
        })
        .collect();
    steps.extend(targeted(&full, is.targets, was.targets));
    steps.extend(marks(site, relation, name, &is, &was));
    if was.is_broken {
        steps.push(reindex(relation, &full));
    }
    Change::Steps(Ok(steps))
}

pub(super) fn drop(site: &Site<'_>, index: Named<'_>) -> Made {
    if Index::of(index.text).is_of_partition() {
        return Err(OF_PARTITION.to_owned());
    }
    let (relation, name) = split(index.name);
    let beside_others = is_beside_others(site, relation);
    let full = beside(relation, name);
    if beside_others {
        let step = step(format!("DROP INDEX CONCURRENTLY {full}"));
        return Ok(vec![
            step.lock(relation, ShareUpdateExclusive).at(Place::After),
        ]);
    }
    let step = step(format!("DROP INDEX {full}"));
    Ok(vec![step.lock(relation, AccessExclusive)])
}
