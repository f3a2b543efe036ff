//! A migration in the file: skipped where the history says so, else one transaction with its history row.

use std::ops::Range;

use super::frame::{number, title};
use super::quoted::{dollars, literal};
use super::{Ground, one_by_one};
use crate::apply::{opening, removal};
use crate::embedded::{Migration, Mode, Rollback, Script, Way};

/// A migration, and what is to be done of it.
pub(super) struct Step<'a> {
    pub(super) migration: &'a Migration,
    pub(super) way: Way,
    pub(super) script: Script,
}

impl<'a> Step<'a> {
    fn new(ground: &Ground<'_>, migration: &'a Migration) -> Self {
        let way = ground.journey.way;
        Self {
            migration,
            way,
            script: migration.script(way),
        }
    }

    /// The part of its text that belongs into the file: all of it, or the rollback block alone.
    pub(super) fn range(&self) -> Range<usize> {
        match (self.way, self.migration.rollback) {
            (Way::Back, Rollback::Sql { block, .. }) => block.range(),
            _ => 0..self.script.text.len(),
        }
    }

    /// What is set before the statements are sent.
    pub(super) fn opening(&self, ground: &Ground<'_>) -> String {
        opening(ground.settings, self.migration, self.way)
    }

    /// The statement that writes the history row, or takes it away.
    pub(super) fn row(&self, ground: &Ground<'_>) -> String {
        match self.way {
            Way::Forward => insert(ground.history, self.migration),
            Way::Back => format!("{};\n", removal(self.migration, ground.table())),
        }
    }
}

/// One migration.
pub(super) fn step(ground: &Ground<'_>, migration: &Migration) -> String {
    let step = Step::new(ground, migration);
    let work = match step.script.mode {
        Mode::Transaction => in_transaction(ground, &step),
        Mode::NoTransaction => one_by_one::run(ground, &step),
    };
    let (is_needed, verb) = match step.way {
        Way::Forward => ("NOT EXISTS", "applies"),
        Way::Back => ("EXISTS", "takes back"),
    };
    format!(
        "{}\
         SELECT {is_needed} (SELECT FROM {} WHERE version = {}) AS dsentr_pending \\gset\n\
         \\if :dsentr_pending\n\
         \\echo {verb} {}\n\
         {work}\
         \\endif\n",
        title(&migration.path()),
        ground.history,
        number(migration.version),
        migration.stem,
    )
}

fn in_transaction(ground: &Ground<'_>, step: &Step<'_>) -> String {
    let statements = match step.script.statements {
        [] => String::new(),
        _ => format!(
            "SELECT {} \\gexec\n",
            dollars(&step.script.text[step.range()])
        ),
    };
    format!(
        "{}{}{statements}COMMIT;\n",
        step.opening(ground),
        step.row(ground)
    )
}

/// Writes the history row as refinery does, with the time of the server.
fn insert(history: &str, migration: &Migration) -> String {
    format!(
        "INSERT INTO {history} (version, name, applied_on, checksum) VALUES (\n    \
             {}, {}, to_char(timezone('UTC', clock_timestamp()), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), {}\n\
         );\n",
        number(migration.version),
        literal(migration.description),
        literal(&migration.checksum.to_string())
    )
}
