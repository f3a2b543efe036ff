//! `script`: what `up` or `rollback` would do, as one file for psql.

use crate::cli::Floor;
use crate::config::{ConfigError, Settings};
use crate::embedded::Migration;
use crate::error::Error;
use crate::report::Out;
use crate::script::{Journey, file};
use crate::source::Version;

/// What was asked for.
pub(super) struct Asked {
    pub(super) from: Option<Version>,
    pub(super) to: Option<Floor>,
    pub(super) rollback: bool,
    pub(super) accept_data_loss: bool,
}

/// Prints the file, in the one form that it has.
pub(super) fn script(
    asked: &Asked,
    settings: &Settings,
    embedded: &[Migration],
    out: &mut Out,
) -> Result<(), Error> {
    let journey = asked.journey(embedded)?;
    Ok(out.file(&file(&journey, settings))?)
}

impl Asked {
    fn journey<'e>(&self, embedded: &'e [Migration]) -> Result<Journey<'e>, Error> {
        match (self.to, self.rollback) {
            (Some(Floor(to)), true) => {
                Journey::back(embedded, self.from, to, self.accept_data_loss)
            }
            (None, true) => Err(ConfigError::new("--to says how far back")
                .with_help("name the version to stay at, or `0` for nothing left")
                .into()),
            (Some(Floor(None)), false) => Err(ConfigError::new(
                "`--to 0` leads back, and forward was asked for",
            )
            .with_help("give --rollback too, or name a version")
            .into()),
            (Some(Floor(to)), false) => Journey::forward(embedded, self.from, to),
            (None, false) => Journey::forward(embedded, self.from, None),
        }
    }
}
