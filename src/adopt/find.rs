//! Finds the version.

use super::beside::{Beside, Owners, is_beside};
use super::claim::{Agreement, Judged, judged};
use super::{Refused, Verdict, Wish};
use crate::adoption::Accepted;
use crate::config::Ignore;
use crate::embedded::{Migration, sealed_objects};
use crate::foreign::Claim;
use crate::schema::{Difference, Schema};
use crate::source::Version;
use crate::verify::{Ignored, Unsealed, judge, sealed};

/// What was found of a database.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What is to be done.
    pub verdict: Verdict,
    /// The version that the schema is compared with: the one it has, that was asked for, or the nearest; none where it is
    /// empty.
    pub version: Option<Version>,
    /// All versions that have the schema.
    pub alike: Vec<Version>,
    /// What other tools claim.
    pub claims: Vec<Judged>,
    /// What differs and stands in the way unless it is accepted.
    pub differences: Vec<Difference>,
    /// What differs and does not stand in the way: privileges, owners, comments.
    pub beside: Vec<Beside>,
    /// Whose the objects are, where all belong to one other role.
    pub owners: Option<Owners>,
    /// Functions that differ in white space alone.
    pub folded: Vec<Difference>,
    /// What differs and is ignored by the settings, or is beyond reach.
    pub ignored: Vec<Ignored>,
    accept: bool,
}

/// The live schema beside that of one version.
struct Comparison {
    version: Option<Version>,
    differences: Vec<Difference>,
    beside: Vec<Difference>,
    folded: Vec<Difference>,
    ignored: Vec<Ignored>,
}

/// The versions from which nothing differs that stands in the way.
struct Alike {
    all: Vec<Option<Version>>,
    /// The one whose privileges, owners and comments differ least, and of several the earliest: what a step grants is
    /// granted once more then, and not left out.
    closest: Option<Option<Version>>,
}

impl Alike {
    fn of(all: &[Comparison]) -> Self {
        let alike: Vec<&Comparison> = all
            .iter()
            .filter(|one| one.differences.is_empty())
            .collect();
        let rest = |one: &Comparison| one.beside.len() + one.folded.len();
        let closest = alike.iter().min_by_key(|one| rest(one));
        let is_exact = closest.is_some_and(|one| rest(one) == 0);
        let all = alike.iter().filter(|one| !is_exact || rest(one) == 0);
        Self {
            closest: closest.map(|one| one.version),
            all: all.map(|one| one.version).collect(),
        }
    }
}

/// Compares with every version, and decides.
///
/// # Errors
/// The version that is asked for is not sealed, or none is.
pub fn find(
    embedded: &[Migration],
    live: &Schema,
    claims: Vec<Claim>,
    wish: Wish,
    ignore: &[Ignore],
) -> Result<Finding, Unsealed> {
    let mut all = vec![compare(embedded, None, live, ignore)?];
    for migration in embedded {
        if sealed_objects(embedded, migration.version).is_none() {
            break;
        }
        all.push(compare(embedded, Some(migration.version), live, ignore)?);
    }
    if all.len() == 1
        && let Some(first) = embedded.first()
    {
        sealed(embedded, Some(first.version))?;
    }
    if wish.at.is_some() {
        sealed(embedded, wish.at)?;
    }
    let alike = Alike::of(&all);
    // The nearest, and of several the earliest.
    let nearest = all.iter().skip(1).min_by_key(|one| one.differences.len());
    let nearest = nearest.and_then(|one| one.version);
    let claims = judged(embedded, claims, &alike.all, nearest);
    let (version, verdict) = decide(&all, &alike, nearest, &claims, wish);
    let place = all.iter().position(|one| one.version == version);
    let comparison = all.swap_remove(place.unwrap_or_default());
    let (owners, beside) = Owners::take(comparison.beside, live);
    Ok(Finding {
        verdict,
        version,
        alike: alike.all.into_iter().flatten().collect(),
        claims,
        differences: comparison.differences,
        beside: beside
            .into_iter()
            .map(|one| Beside::new(one, &live.owner))
            .collect(),
        owners,
        folded: comparison.folded,
        ignored: comparison.ignored,
        accept: wish.accept_differences,
    })
}

/// The version, and what is to be done.
fn decide(
    all: &[Comparison],
    alike: &Alike,
    nearest: Option<Version>,
    claims: &[Judged],
    wish: Wish,
) -> (Option<Version>, Verdict) {
    let name = |version: Option<Version>| version.map(|one| one.to_string()).unwrap_or_default();
    let differing = |version: Option<Version>| {
        let one = all.iter().find(|one| one.version == version);
        one.map_or(0, |one| one.differences.len())
    };
    let is_empty = alike.closest == Some(None);
    if let Some(at) = wish.at {
        let version = name(wish.at);
        let verdict = if alike.all.contains(&wish.at) {
            Verdict::At(at)
        } else if is_empty {
            Verdict::Refused(Refused::Empty { version })
        } else if wish.accept_differences {
            Verdict::At(at)
        } else {
            let objects = differing(wish.at);
            Verdict::Refused(Refused::Differs { version, objects })
        };
        return (wish.at, verdict);
    }
    let Some(earliest) = alike.closest else {
        let refused = Refused::NoVersion {
            nearest: name(nearest),
            objects: differing(nearest),
        };
        return (nearest, Verdict::Refused(refused));
    };
    let doubts: Vec<String> = claims.iter().flat_map(Judged::doubts).collect();
    if !doubts.is_empty() {
        let version = earliest.map(|version| version.to_string());
        return (
            earliest,
            Verdict::Refused(Refused::Doubt { doubts, version }),
        );
    }
    let proven = claims.iter().filter_map(|claim| match claim.agreement {
        Agreement::Agrees(version) => Some(version),
        _ => None,
    });
    match proven.max().or(earliest) {
        Some(version) => (Some(version), Verdict::At(version)),
        None => (None, Verdict::Empty),
    }
}

fn compare(
    embedded: &[Migration],
    version: Option<Version>,
    live: &Schema,
    ignore: &[Ignore],
) -> Result<Comparison, Unsealed> {
    let verdict = judge(&sealed(embedded, version)?, version, live, ignore);
    let (beside, differences): (Vec<_>, Vec<_>) = verdict.drift.into_iter().partition(is_beside);
    let (folded, differences) = differences.into_iter().partition(is_same_when_folded);
    Ok(Comparison {
        version,
        differences,
        beside,
        folded,
        ignored: verdict.ignored,
    })
}

/// Whether a function differs in white space alone.
fn is_same_when_folded(difference: &Difference) -> bool {
    let Difference::Different {
        object,
        expected,
        found,
    } = difference
    else {
        return false;
    };
    let is_function = ["function ", "procedure "]
        .iter()
        .any(|kind| object.starts_with(kind));
    is_function && expected.split_whitespace().eq(found.split_whitespace())
}

impl Finding {
    /// What is accepted with the adoption, for `verify` to show.
    pub fn accepted(&self) -> Vec<Accepted> {
        let accepted = |difference: &Difference, reason: &str| Accepted {
            object: difference.object().to_owned(),
            found: difference.found().map(str::to_owned),
            reason: reason.to_owned(),
        };
        let folded = self.folded.iter();
        let folded = folded.map(|one| accepted(one, "white space alone differed"));
        if !self.accept {
            return folded.collect();
        }
        let beside = self.beside.iter().map(|one| &one.difference);
        let owners = self.owners.iter().flat_map(|owners| &owners.differences);
        let rest = self.differences.iter().chain(beside).chain(owners);
        folded
            .chain(rest.map(|one| accepted(one, "was accepted as it is")))
            .collect()
    }

    /// The other versions that have the schema of the one that was found: data steps between them cannot be seen.
    pub fn shared_with(&self) -> Vec<Version> {
        if self
            .version
            .is_none_or(|version| !self.alike.contains(&version))
        {
            return Vec::new();
        }
        let others = self.alike.iter().copied();
        others
            .filter(|other| Some(*other) != self.version)
            .collect()
    }
}
