//! Finds the version.

use super::beside::{Beside, is_beside};
use super::claim::{Agreement, Judged, judged, newest_claimed};
use super::distance::{Distance, distances};
use super::elsewhere::{self, Elsewhere};
use super::{Doubt, Refused, Verdict, Wish};
use crate::adoption::Accepted;
use crate::config::Ignore;
use crate::embedded::Migration;
use crate::foreign::{Claim, History};
use crate::schema::{Difference, Schema};
use crate::source::Version;
use crate::verify::{Ignored, Rules, Unsealed, judge, sealed};

/// What is known of a database.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The name of the database.
    pub database: &'a str,
    /// The role that looked.
    pub role: &'a str,
    /// The live schema.
    pub live: &'a Schema,
    /// What other tools claim.
    pub claims: Vec<Claim>,
    /// Histories in the form of ours, in other schemas than the one of the settings.
    pub histories: Vec<History>,
}

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
    /// Histories of this binary in other schemas.
    pub elsewhere: Vec<Elsewhere>,
    /// What differs and stands in the way unless it is accepted.
    pub differences: Vec<Difference>,
    /// What differs and does not stand in the way: privileges, owners, comments, extensions that are not installed.
    pub beside: Vec<Beside>,
    /// What differs and is ignored by the settings, or is beyond reach.
    pub ignored: Vec<Ignored>,
    /// Whether it was wished that what differs is accepted.
    pub accept: bool,
}

/// The versions from which nothing differs that stands in the way.
struct Alike {
    all: Vec<Option<Version>>,
    /// The place of the one whose privileges, owners and comments differ least, and of several the earliest: what a step
    /// grants is granted once more then, and not left out.
    closest: Option<usize>,
}

impl Alike {
    fn of(all: &[Distance]) -> Self {
        let alike = || all.iter().filter(|one| one.differences == 0);
        let least = alike().map(|one| one.beside).min();
        // Where one has all of the schema, those that differ in what is beside it do not count.
        let counted = alike().filter(|one| least != Some(0) || one.beside == 0);
        let counted: Vec<&Distance> = counted.collect();
        Self {
            closest: counted.iter().position(|one| Some(one.beside) == least),
            all: counted.iter().map(|one| one.version).collect(),
        }
    }

    fn closest(&self) -> Option<&Option<Version>> {
        self.all.get(self.closest?)
    }
}

/// Compares with every version, and decides.
///
/// # Errors
/// The version that is asked for is not sealed, or none is.
pub fn find(
    embedded: &[Migration],
    evidence: Evidence<'_>,
    wish: Wish,
    ignore: &[Ignore],
) -> Result<Finding, Unsealed> {
    let live = evidence.live;
    let all = distances(embedded, live, &Rules::of(live, ignore));
    if all.len() == 1
        && let Some(first) = embedded.first()
    {
        sealed(embedded, Some(first.version))?;
    }
    let alike = Alike::of(&all);
    let nearest = nearest(&all, &newest_claimed(embedded, &evidence.claims));
    let claims = judged(embedded, evidence.claims, &alike.all, nearest);
    let elsewhere = elsewhere::of(embedded, evidence.histories);
    let doubts = claims.iter().flat_map(|one| one.doubts(evidence.role));
    let doubts = doubts.chain(elsewhere.iter().map(Elsewhere::doubt));
    let (version, verdict) = decide(&all, &alike, nearest, &claims, doubts.collect(), wish);
    let compared = judge(&sealed(embedded, version)?, version, live, ignore);
    let (beside, differences): (Vec<_>, Vec<_>) = compared.drift.into_iter().partition(is_beside);
    Ok(Finding {
        verdict,
        version,
        alike: alike.all.into_iter().flatten().collect(),
        claims,
        elsewhere,
        differences,
        beside: beside
            .into_iter()
            .map(|one| Beside::new(one, &live.owner, evidence.database))
            .collect(),
        ignored: compared.ignored,
        accept: wish.accept_differences,
    })
}

/// The version from which the least differs; of several one that another tool claims to have reached, then the one whose
/// privileges, owners and comments differ least, then the earliest.
fn nearest(all: &[Distance], claimed: &[Version]) -> Option<Version> {
    let versions = all.iter().filter_map(|one| Some((one.version?, one)));
    let nearest = versions.min_by_key(|(version, one)| {
        let is_claimed = claimed.contains(version);
        (one.differences, !is_claimed, one.beside)
    });
    nearest.map(|(version, _)| version)
}

/// The version, and what is to be done.
fn decide(
    all: &[Distance],
    alike: &Alike,
    nearest: Option<Version>,
    claims: &[Judged],
    doubts: Vec<Doubt>,
    wish: Wish,
) -> (Option<Version>, Verdict) {
    let name = |version: Option<Version>| version.map(|one| one.to_string()).unwrap_or_default();
    let differing = |version: Option<Version>| {
        let one = all.iter().find(|one| one.version == version);
        one.map_or(0, |one| one.differences)
    };
    let is_empty = alike.closest() == Some(&None);
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
    let Some(&earliest) = alike.closest() else {
        let refused = Refused::NoVersion {
            nearest: name(nearest),
            objects: differing(nearest),
        };
        return (nearest, Verdict::Refused(refused));
    };
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

impl Finding {
    /// What is accepted with the adoption, for `verify` to show.
    pub fn accepted(&self) -> Vec<Accepted> {
        if !self.accept {
            return Vec::new();
        }
        let beside = self.beside.iter().map(|one| &one.difference);
        let all = self.differences.iter().chain(beside);
        all.map(|difference| Accepted {
            object: difference.object().to_owned(),
            found: difference.found().map(str::to_owned),
            reason: "was accepted as it is".to_owned(),
        })
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
