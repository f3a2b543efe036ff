//! What a page says of each migration, in words that every format shows in its own way.

use crate::embedded::{Migration, Mode, Rollback, Seal, Way};
use crate::report::{count, servers};
use crate::source::Blocks;

/// A migration in the timeline.
pub(super) struct Entry<'m> {
    pub(super) migration: &'m Migration,
    pub(super) purpose: String,
    pub(super) facts: Vec<Fact>,
}

/// One thing to know of a migration.
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) text: String,
    /// Whether somebody may be hurt by it.
    pub(super) is_warning: bool,
}

impl<'m> Entry<'m> {
    pub(super) fn new(migration: &'m Migration) -> Self {
        let mut facts = Vec::new();
        if migration.mode == Mode::NoTransaction {
            facts.push(fact(
                "Runs",
                "statement by statement, without a transaction",
            ));
        }
        if let Some(seal) = migration.seal {
            facts.extend(blocked(seal, Blocks::ReadsAndWrites));
            facts.extend(blocked(seal, Blocks::Writes));
            if facts.iter().all(|fact| !fact.is_warning) {
                facts.push(fact("Blocks", "nothing"));
            }
            if !seal.rewrites.is_empty() {
                facts.push(warning("Rewrites", &seal.rewrites.join(", ")));
            }
        }
        let destroys = |label, way| {
            let losses = migration.losses(way).iter();
            losses.map(move |loss| warning(label, loss))
        };
        facts.extend(destroys("Destroys", Way::Forward));
        facts.push(way_back(migration));
        facts.extend(destroys("The way back destroys", Way::Back));
        Self {
            migration,
            purpose: migration.purpose().replace('\n', " "),
            facts,
        }
    }
}

fn fact(label: &'static str, text: &str) -> Fact {
    Fact {
        label,
        text: text.to_owned(),
        is_warning: false,
    }
}

fn warning(label: &'static str, text: &str) -> Fact {
    Fact {
        is_warning: true,
        ..fact(label, text)
    }
}

/// The tables that the application waits for in this way.
fn blocked(seal: &Seal, blocks: Blocks) -> Option<Fact> {
    let label = match blocks {
        Blocks::Nothing => return None,
        Blocks::Writes => "Blocks writes",
        Blocks::ReadsAndWrites => "Blocks reads and writes",
    };
    let locks = seal
        .locks
        .iter()
        .filter(|(_, lock)| lock.blocks() == blocks);
    let tables: Vec<_> = locks
        .map(|(table, lock)| format!("{table} ({lock})"))
        .collect();
    (!tables.is_empty()).then(|| warning(label, &tables.join(", ")))
}

fn way_back(migration: &Migration) -> Fact {
    let label = "Way back";
    match migration.rollback {
        Rollback::Sql { statements, .. } => {
            let statements = count(statements.len(), "statement");
            let text = match migration.seal {
                Some(Seal { proven_on: [], .. }) | None => statements,
                Some(seal) => format!("{statements}, proven on {}", servers(seal.proven_on)),
            };
            fact(label, &text)
        }
        Rollback::Irreversible { reason } => warning(label, &format!("none: {reason}")),
        Rollback::NothingToUndo { reason } => fact(label, &format!("nothing to undo: {reason}")),
    }
}
