//! From where to where a file leads: a pure function of (embedded, start, end).

use crate::config::ConfigError;
use crate::embedded::Migration;
use crate::error::Error;
use crate::plan::check_target;
use crate::source::Version;

/// What a file may find when it is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// A database at any version, or empty: what is applied is skipped.
    Anywhere,
    /// A database at this version.
    At(Version),
}

/// From where to where a file leads.
#[derive(Debug, Clone)]
pub struct Journey<'a> {
    /// Every migration that the file has to know, to judge a history.
    pub embedded: &'a [Migration],
    /// Where it begins.
    pub start: Start,
    /// Where it ends.
    pub end: Version,
    /// The migrations in between, in their order; never none.
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
        let newest = embedded.last().map(|migration| migration.version);
        let Some(end) = to.or(newest) else {
            return Err(ConfigError::new("this binary carries no migration").into());
        };
        let is_between = |migration: &&Migration| {
            from.is_none_or(|from| migration.version > from) && migration.version <= end
        };
        let steps: Vec<&Migration> = embedded.iter().filter(is_between).collect();
        if let (Some(from), true) = (from, steps.is_empty()) {
            return Err(leads_nowhere(from, end).into());
        }
        Ok(Self {
            embedded,
            start: from.map_or(Start::Anywhere, Start::At),
            end,
            steps,
        })
    }
}

fn leads_nowhere(from: Version, end: Version) -> ConfigError {
    ConfigError::new(format!("there is no migration after {from} up to {end}"))
        .with_help("name a version that is older than the end with --from")
}

#[cfg(test)]
mod tests {
    use super::{Journey, Start};
    use crate::embedded::MIGRATIONS;
    use crate::source::Version;

    fn told(from: Option<&str>, to: Option<&str>) -> String {
        let version =
            |text: &str| -> Version { text.parse().expect("the tests name real versions") };
        match Journey::forward(MIGRATIONS, from.map(version), to.map(version)) {
            Ok(journey) => {
                let start = match journey.start {
                    Start::Anywhere => "anywhere".to_owned(),
                    Start::At(version) => version.to_string(),
                };
                let steps = journey.steps.iter().map(|step| step.version.to_string());
                let steps: Vec<String> = steps.collect();
                format!(
                    "{start} to {} by {} steps, {} first",
                    journey.end,
                    steps.len(),
                    steps[0]
                )
            }
            Err(error) => format!("{error} [exit {}]", error.exit_code()),
        }
    }

    #[test]
    fn from_anywhere() {
        assert_eq!(
            told(None, None),
            "anywhere to 2025_12_03_1 by 55 steps, 2025_05_08_1 first"
        );
        assert_eq!(
            told(None, Some("2025_05_08_1")),
            "anywhere to 2025_05_08_1 by 1 steps, 2025_05_08_1 first"
        );
    }

    #[test]
    fn from_one_version() {
        assert_eq!(
            told(Some("2025_05_08_1"), None),
            "2025_05_08_1 to 2025_12_03_1 by 54 steps, 2025_05_09_1 first"
        );
        assert_eq!(
            told(Some("2025_10_14_1"), Some("2025_10_15_3")),
            "2025_10_14_1 to 2025_10_15_3 by 2 steps, 2025_10_15_2 first"
        );
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        let nothing = "there is no migration after 2025_12_03_1 up to 2025_12_03_1 [exit 2]";
        assert_eq!(told(Some("2025_12_03_1"), None), nothing);
        assert_eq!(
            told(Some("2025_12_03_1"), Some("2025_05_08_1")),
            "there is no migration after 2025_12_03_1 up to 2025_05_08_1 [exit 2]"
        );
        assert_eq!(
            told(None, Some("2025_05_10_1")),
            "this binary carries no migration with version 2025_05_10_1; the nearest are 2025_05_09_1 and 2025_05_11_1 [exit 2]"
        );
        assert_eq!(
            told(Some("2025_01_01_1"), None),
            "this binary carries no migration with version 2025_01_01_1; the nearest are 2025_05_08_1 [exit 2]"
        );
    }
}
