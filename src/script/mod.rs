//! The same plan as one file for psql, for a database that this program may not connect to.
//!
//! Text out of what is embedded: it connects to nothing. The file asks the database itself what `up` would ask, refuses
//! what `up` would refuse, and leaves what `up` would leave. To psql a migration is one literal in dollar quotes, sent by
//! `\gexec`: psql neither replaces `:name` in it nor looks for its semicolons, in which its versions differ.

mod frame;
mod guard;
mod journey;
mod one_by_one;
mod quoted;
mod repair;
mod step;

pub use self::journey::{Journey, Start};
pub use self::repair::repair_file;
use crate::config::{HistoryTable, Settings};

/// What a file is made from.
#[derive(Clone, Copy)]
struct Ground<'a> {
    journey: &'a Journey<'a>,
    settings: &'a Settings,
    /// The history, quoted.
    history: &'a str,
}

impl Ground<'_> {
    fn table(&self) -> &HistoryTable {
        &self.settings.history
    }
}

/// The file: the same bytes for the same journey and settings.
pub fn file(journey: &Journey<'_>, settings: &Settings) -> String {
    let history = settings.history.qualified();
    let ground = Ground {
        journey,
        settings,
        history: &history,
    };
    let mut text = frame::head(&ground);
    text.push_str(&guard::session());
    text.push_str(&guard::database(&ground));
    text.push_str(&guard::lock(&ground));
    text.push_str(&guard::history(&ground));
    for migration in &journey.steps {
        text.push_str(&step::step(&ground, migration));
    }
    text.push_str(&frame::foot(&ground));
    text
}
