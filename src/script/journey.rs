//! From where to where a file leads: a pure function of (embedded, start, end).

use crate::config::ConfigError;
use crate::embedded::{Migration, Way};
use crate::error::Error;
use crate::history::{History, Row};
use crate::plan::{Extent, Obstacle, Obstacles, check_target, rollback_plan};
use crate::source::Version;

/// What a file may find when it is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// A database at any version that the way leads through, or, forward, an empty one: what is done is skipped.
    Anywhere,
    /// A database at this version.
    At(Version),
}

/// From where to where a file leads.
#[derive(Debug, Clone)]
pub struct Journey<'a> {
    /// Every migration that the file has to know, to judge a history.
    pub embedded: &'a [Migration],
    /// Its direction.
    pub way: Way,
    /// Where it begins.
    pub start: Start,
    /// Where it ends; none is before the first.
    pub end: Option<Version>,
    /// The migrations in between, in the order of their steps; never none.
    pub steps: Vec<&'a Migration>,
}

impl<'a> Journey<'a> {
    /// The way forward from `from` (default: anywhere) to `to` (default: the newest embedded).
    ///
    /// # Errors
    /// A version is not embedded, or the way leads nowhere.
    pub fn forward(
        embedded: &'a [Migration],
        from: Option<Version>,
        to: Option<Version>,
    ) -> Result<Self, Error> {
        check_target(embedded, from)?;
        check_target(embedded, to)?;
        let end = to.or(embedded.last().map(|migration| migration.version));
        let is_between = |migration: &&Migration| {
            let version = Some(migration.version);
            version > from && version <= end
        };
        let steps: Vec<&Migration> = embedded.iter().filter(is_between).collect();
        if steps.is_empty() {
            let message = format!("there is no migration after {} up to {}", at(from), at(end));
            let help = "name an older version with --from, or go back with --rollback";
            return Err(ConfigError::new(message).with_help(help).into());
        }
        Ok(Self {
            embedded,
            way: Way::Forward,
            start: from.map_or(Start::Anywhere, Start::At),
            end,
            steps,
        })
    }

    /// The way back from `from` (default: anywhere) to `to`, which stays; to before the first, where there is none.
    ///
    /// Whatever the way may meet is judged now, with the words of `rollback`: the file cannot ask.
    ///
    /// # Errors
    /// A version is not embedded, the way leads nowhere, or something is in the way.
    pub fn back(
        embedded: &'a [Migration],
        from: Option<Version>,
        to: Option<Version>,
        accept_data_loss: bool,
    ) -> Result<Self, Error> {
        check_target(embedded, from)?;
        check_target(embedded, to)?;
        let start = from.or(embedded.last().map(|migration| migration.version));
        let is_between = |migration: &&Migration| {
            let version = Some(migration.version);
            version > to && version <= start
        };
        let steps: Vec<&Migration> = embedded.iter().rev().filter(is_between).collect();
        if steps.is_empty() {
            let message = format!("there is no way back from {} to {}", at(start), at(to));
            let help = "name a newer version with --from, or an older one with --to";
            return Err(ConfigError::new(message).with_help(help).into());
        }
        let list = obstacles(embedded, start, to, accept_data_loss)?;
        if !list.is_empty() {
            return Err(Obstacles { to, list }.into());
        }
        Ok(Self {
            embedded,
            way: Way::Back,
            start: from.map_or(Start::Anywhere, Start::At),
            end: to,
            steps,
        })
    }

    /// What each step destroys, in the words of its file.
    pub fn losses(&self) -> impl Iterator<Item = (&'a Migration, &'static str)> {
        let way = self.way;
        let steps = self.steps.clone();
        steps.into_iter().flat_map(move |migration| {
            let losses = migration.losses(way);
            losses.iter().map(move |loss| (migration, *loss))
        })
    }
}

/// A version, or that there is none.
pub(super) fn at(version: Option<Version>) -> String {
    version.map_or_else(|| "no version".to_owned(), |version| version.to_string())
}

/// What would be in the way of a rollback of a database that has just what is embedded up to `start`. What the schema
/// should be does not matter here: psql does not compare it.
fn obstacles(
    embedded: &[Migration],
    start: Option<Version>,
    to: Option<Version>,
    accept_data_loss: bool,
) -> Result<Vec<Obstacle>, Error> {
    let applied = embedded
        .iter()
        .take_while(|migration| Some(migration.version) <= start);
    let history = History {
        exists: true,
        rows: applied.map(row).collect(),
        ..History::default()
    };
    let plan = rollback_plan(embedded, &history, Extent::To(to))?;
    let mut list = plan.obstacles(embedded, accept_data_loss);
    list.retain(|obstacle| !matches!(obstacle, Obstacle::NotSealed { .. }));
    Ok(list)
}

fn row(migration: &Migration) -> Row {
    Row {
        version: migration.version,
        name: Some(migration.description.to_owned()),
        applied_on: None,
        checksum: Some(migration.checksum.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Journey, Start, at};
    use crate::embedded::MIGRATIONS;
    use crate::error::Error;
    use crate::source::Version;

    fn told(journey: Result<Journey<'_>, Error>) -> String {
        match journey {
            Ok(journey) => {
                let start = match journey.start {
                    Start::Anywhere => "anywhere".to_owned(),
                    Start::At(version) => version.to_string(),
                };
                format!(
                    "{start} to {} by {} steps, {} first",
                    at(journey.end),
                    journey.steps.len(),
                    journey.steps[0].version
                )
            }
            Err(error) => format!("{error} [exit {}]", error.exit_code()),
        }
    }

    fn version(text: Option<&str>) -> Option<Version> {
        text.map(|text| text.parse().expect("the tests name real versions"))
    }

    fn forward(from: Option<&str>, to: Option<&str>) -> String {
        told(Journey::forward(MIGRATIONS, version(from), version(to)))
    }

    fn back(from: Option<&str>, to: Option<&str>, accept_data_loss: bool) -> String {
        told(Journey::back(
            MIGRATIONS,
            version(from),
            version(to),
            accept_data_loss,
        ))
    }

    #[test]
    fn from_anywhere() {
        assert_eq!(
            forward(None, None),
            "anywhere to 2025_12_03_1 by 55 steps, 2025_05_08_1 first"
        );
        assert_eq!(
            forward(None, Some("2025_05_08_1")),
            "anywhere to 2025_05_08_1 by 1 steps, 2025_05_08_1 first"
        );
        assert_eq!(
            back(None, Some("2025_12_01_1"), true),
            "anywhere to 2025_12_01_1 by 2 steps, 2025_12_03_1 first"
        );
        assert_eq!(
            back(None, None, true),
            "anywhere to no version by 55 steps, 2025_12_03_1 first"
        );
    }

    #[test]
    fn from_one_version() {
        assert_eq!(
            forward(Some("2025_05_08_1"), None),
            "2025_05_08_1 to 2025_12_03_1 by 54 steps, 2025_05_09_1 first"
        );
        assert_eq!(
            forward(Some("2025_10_14_1"), Some("2025_10_15_3")),
            "2025_10_14_1 to 2025_10_15_3 by 2 steps, 2025_10_15_2 first"
        );
        assert_eq!(
            back(Some("2025_10_15_3"), Some("2025_10_14_1"), true),
            "2025_10_15_3 to 2025_10_14_1 by 2 steps, 2025_10_15_3 first"
        );
        assert_eq!(
            back(Some("2025_05_08_1"), None, true),
            "2025_05_08_1 to no version by 1 steps, 2025_05_08_1 first"
        );
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        assert_eq!(
            forward(Some("2025_12_03_1"), None),
            "there is no migration after 2025_12_03_1 up to 2025_12_03_1 [exit 2]"
        );
        assert_eq!(
            forward(Some("2025_12_03_1"), Some("2025_05_08_1")),
            "there is no migration after 2025_12_03_1 up to 2025_05_08_1 [exit 2]"
        );
        assert_eq!(
            forward(None, Some("2025_05_10_1")),
            "this binary carries no migration with version 2025_05_10_1; the nearest are 2025_05_09_1 and 2025_05_11_1 [exit 2]"
        );
        assert_eq!(
            back(Some("2025_10_14_1"), Some("2025_10_14_1"), true),
            "there is no way back from 2025_10_14_1 to 2025_10_14_1 [exit 2]"
        );
        assert_eq!(
            back(None, Some("2025_12_03_1"), true),
            "there is no way back from 2025_12_03_1 to 2025_12_03_1 [exit 2]"
        );
    }

    #[test]
    fn data_loss_is_to_be_accepted() {
        assert_eq!(
            back(Some("2025_05_09_1"), Some("2025_05_08_1"), false),
            "the rollback to 2025_05_08_1 cannot be begun [exit 2]"
        );
    }
}
