//! What `up` and `rollback` say while they run: a line a migration, and what takes long.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::migrations::{duration, line, millis, name_width};
use super::voice::Voice;
use super::{Out, Report};
use crate::apply::{Moment, Observer};
use crate::embedded::{Migration, Way};
use crate::log::clear_line;
use crate::source::Version;

/// One migration that this run applied, or took back.
#[derive(Debug, Clone, Serialize)]
pub struct DoneReport {
    /// Its version.
    #[serde(serialize_with = "in_words")]
    pub version: Version,
    /// Its name.
    pub name: &'static str,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a reference to it"
)]
fn in_words<S: Serializer>(version: &Version, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(version)
}

/// Writes a line a migration, and keeps the list. What takes long is told on stderr.
pub struct Progress<'a> {
    out: &'a mut Out,
    voice: Voice,
    /// What was done to a migration, in a word.
    word: &'static str,
    width: usize,
    done: Vec<DoneReport>,
    /// What has its line, and is not in the list while nobody knows whether it is still so.
    unsure: BTreeSet<Version>,
}

impl<'a> Progress<'a> {
    /// For the steps of a plan.
    pub fn new<'m>(out: &'a mut Out, way: Way, steps: impl Iterator<Item = &'m Migration>) -> Self {
        Self {
            width: name_width(steps.map(|step| step.stem)),
            voice: Voice::new(out.format()),
            out,
            word: match way {
                Way::Forward => "applied",
                Way::Back => "rolled back",
            },
            done: Vec::new(),
            unsure: BTreeSet::new(),
        }
    }

    /// Where the results go, when there is nothing to report of the run itself.
    pub fn into_out(self) -> &'a mut Out {
        self.out
    }

    /// Writes the result of a run that did something, made from the list of what it did.
    ///
    /// # Errors
    /// As [`Out::report`].
    pub fn report<R: Report>(
        self,
        report: impl FnOnce(Vec<DoneReport>) -> R,
    ) -> anyhow::Result<()> {
        self.out.report(&report(self.done))
    }

    /// The line of the migration that failed.
    pub fn failed(&mut self, name: &str) {
        let painted = self.out.paint().bad("failed");
        self.say(&line("failed", &painted, name, self.width, ""));
    }

    /// What cannot be written must not stop a run that is under way.
    fn say(&mut self, text: &str) {
        clear_line();
        if let Err(error) = self.out.text(text) {
            tracing::warn!("{error:#}");
        }
    }
}

impl Observer for Progress<'_> {
    fn done(&mut self, migration: &Migration, took: Duration) {
        if !self.unsure.remove(&migration.version) {
            let painted = self.out.paint().good(self.word);
            let rest = format!("{:>8}", duration(took));
            self.say(&line(
                self.word,
                &painted,
                migration.stem,
                self.width,
                &rest,
            ));
        }
        self.done.push(DoneReport {
            version: migration.version,
            name: migration.stem,
            duration_ms: millis(took),
        });
    }

    fn unsure(&mut self, migration: &Migration) {
        self.done.retain(|done| done.version != migration.version);
        self.unsure.insert(migration.version);
    }

    fn gone(&mut self, migration: &Migration) {
        self.unsure.remove(&migration.version);
    }

    fn running(&mut self, moment: &Moment<'_>) {
        self.voice.tell(moment);
    }
}
