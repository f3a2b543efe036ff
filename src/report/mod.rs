//! The only place that knows columns, colours and plurals. It decides nothing and reads nothing.

mod adopt;
mod advice;
mod bootstrap;
mod config;
mod error;
mod evidence;
mod group;
mod index;
mod migrations;
mod obstacles;
mod out;
mod plan;
mod progress;
mod repair;
mod rollback;
mod status;
mod summary;
mod up;
mod verify;
mod version;
mod voice;
mod wait;

use serde::Serialize;

pub use self::adopt::{AdoptReport, Owners};
pub use self::advice::{BY_CLASS as ADVICE_BY_CLASS, BY_CODE as ADVICE_BY_CODE};
pub use self::bootstrap::{BootstrapReport, DryRunReport as BootstrapDryRunReport};
pub use self::config::ConfigReport;
pub use self::error::{ErrorReport, render as render_error};
pub(crate) use self::evidence::servers;
pub use self::index::index;
pub use self::out::Out;
pub use self::plan::PlanReport;
pub use self::progress::{DoneReport, Progress};
pub use self::repair::RepairReport;
pub use self::rollback::{DryRunReport as RollbackDryRunReport, RollbackReport};
pub use self::status::StatusReport;
pub use self::summary::{summary, write_summary};
pub use self::up::UpReport;
pub use self::verify::{FoundReport, VerifyReport};
pub use self::version::{FileReport, VersionReport, hex, schema_files, sum};
pub use self::wait::WaitReport;

/// One result, for people and for machines alike.
///
/// The JSON form is the value itself, with a field `schema` that names its form and version.
pub trait Report: Serialize {
    /// The text for people, with a newline at the end of each line.
    fn text(&self, paint: Paint) -> String;

    /// The same in parts, of which the last sums it up: a long one is never in memory as a whole.
    fn parts(&self, paint: Paint) -> Parts<'_> {
        Box::new(std::iter::once(self.text(paint)))
    }
}

/// One after the other, or the last of them alone.
pub type Parts<'a> = Box<dyn DoubleEndedIterator<Item = String> + 'a>;

/// Whether words get a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint(pub bool);

impl Paint {
    fn good(self, text: &str) -> String {
        self.with(anstyle::AnsiColor::Green, text)
    }

    fn bad(self, text: &str) -> String {
        self.with(anstyle::AnsiColor::Red, text)
    }

    fn note(self, text: &str) -> String {
        self.with(anstyle::AnsiColor::Yellow, text)
    }

    fn with(self, color: anstyle::AnsiColor, text: &str) -> String {
        if !self.0 {
            return text.to_owned();
        }
        let style = anstyle::Style::new().fg_color(Some(color.into()));
        format!("{style}{text}{style:#}")
    }
}

/// Where a database stands, in words.
fn at(position: Option<&str>) -> &str {
    position.unwrap_or("no version")
}

/// `1 migration`, `2 migrations`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
