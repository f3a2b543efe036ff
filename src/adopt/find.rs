//! Finds the version.

use super::beside::{Beside, is_beside};
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
    /// The place of the one whose privileges, owners and comments differ least, and of several the earliest: what a step
    /// grants is granted once more then, and not left out.
    closest: Option<usize>,
}

impl Alike {
    fn of(all: &[Comparison]) -> Self {
        let rest = |one: &Comparison| one.beside.len() + one.folded.len();
        let places = all.iter().enumerate();
        let alike: Vec<_> = places
            .filter(|(_, one)| one.differences.is_empty())
            .collect();
        let closest = alike.iter().min_by_key(|(_, one)| rest(one));
        let is_exact = closest.is_some_and(|(_, one)| rest(one) == 0);
        let counted = alike.iter().filter(|(_, one)| !is_exact || rest(one) == 0);
        Self {
            closest: closest.map(|(place, _)| *place),
            all: counted.map(|(_, one)| one.version).collect(),
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

    Ok(Finding {
        verdict,
        version,
        alike: alike.all.into_iter().flatten().collect(),
        claims,
        differences: comparison.differences,
        beside: comparison
            .beside
            .into_iter()
            .map(|one| Beside::new(one, &live.owner))
            .collect(),
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
    let closest = alike.closest.map(|place| all[place].version);
    let is_empty = closest.is_some_and(|version| version.is_none());
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
        // That everything is absent need not be shown object by object.
        let shown = wish
            .at
            .filter(|_| matches!(verdict, Verdict::At(_)) || !is_empty);
        return (shown, verdict);
    }
    let Some(earliest) = closest else {
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

        let rest = self.differences.iter().chain(beside);
        folded
            .chain(rest.map(|one| accepted(one, "was accepted as it is")))
            .collect()
    }

    /// The versions that have the schema, where there are several: data steps between them cannot be seen.
    pub fn sharing(&self) -> Vec<Version> {
        let is_among = |version| self.alike.contains(&version);
        if self.alike.len() < 2 || !self.version.is_some_and(is_among) {
            return Vec::new();
        }
        self.alike.clone()
    }
}
