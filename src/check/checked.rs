//! What is known of a migration that passed every check: all that the binary needs, so that it parses nothing.

use super::allow::{Allowance, allowances};
use super::file::{File, Part};
use super::header::{lock_timeout, runs_without_transaction};
use super::layout::{Content, Note, NoteKind, ReasonKind};
use super::rerun::failing;
use super::resume::{Residue, residues};
use crate::source::{FileName, Span, Version};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use siphasher::sip::SipHasher13;
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// A migration that passed.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct Checked {
    /// Its version.
    pub version: Version,
    /// The file name without `.sql`.
    pub stem: String,
    /// The part of the name after the counter.
    pub description: String,
    /// SHA-256 of the whole file.
    pub sha256: [u8; 32],
    /// refinery's checksum, over the forward part alone.
    pub checksum: u64,
    /// From the start to the last byte of the forward part that is no white space.
    pub forward: Span,
    /// The statements of the forward part, each without its semicolon.
    pub statements: Vec<Span>,
    /// Whether it runs in a transaction.
    pub mode: Mode,
    /// What a statement may leave when it is cut off, by its index in `statements`; nothing where there is a transaction.
    pub residues: Vec<(usize, Residue)>,
    /// How long one try may wait for a table lock, where the file says so.
    pub lock_timeout: Option<Duration>,
    /// The way back.
    pub rollback: Rollback,
    /// What the way forward destroys, in the words of the file.
    pub data_loss: Vec<String>,
    /// Why it cannot be run twice.
    pub not_rerunnable: Option<String>,
    /// Whether the file says why its forward part changes nothing that is read.
    pub changes_nothing: bool,
    /// Whether a second run may fail, as far as the names in it tell: then it says why, or is refused.
    pub may_fail_twice: bool,
    /// The rules that it is excused from, and why.
    pub allowances: Vec<Allowance>,
}

/// How a migration is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub enum Mode {
    /// All statements and the history row in one transaction.
    Transaction,
    /// Statement by statement.
    NoTransaction,
}

/// The way back.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub enum Rollback {
    /// SQL in the comments of the rollback block.
    Sql {
        /// The lines below the opening one, to the last byte that is no white space.
        block: Span,
        /// Its statements, each without its semicolon.
        statements: Vec<Span>,
        /// What a statement may leave when it is cut off, by its index in `statements`.
        residues: Vec<(usize, Residue)>,
        /// What the way back destroys, in the words of the file.
        data_loss: Vec<String>,
    },
    /// There is none.
    Irreversible {
        /// Why.
        reason: String,
    },
    /// There is nothing to do.
    NothingToUndo {
        /// Why.
        reason: String,
    },
}

impl Checked {
    pub(super) fn new(name: FileName, file: &File<'_>) -> Self {
        let forward = file.layout.forward;
        let mode = if runs_without_transaction(file) {
            Mode::NoTransaction
        } else {
            Mode::Transaction
        };
        let reasons = texts(&file.layout.notes, NoteKind::NotRerunnable);
        Self {
            version: name.version,
            sha256: Sha256::digest(file.text.as_bytes()).into(),
            checksum: refinery_checksum(&name, forward.slice(file.text)),
            forward,
            statements: spans(&file.forward),
            mode,
            residues: residues(&file.forward),
            lock_timeout: lock_timeout(file),
            rollback: Rollback::of(file),
            data_loss: texts(&file.layout.notes, NoteKind::DataLoss),
            not_rerunnable: (!reasons.is_empty()).then(|| reasons.join(" ")),
            changes_nothing: !texts(&file.layout.notes, NoteKind::ChangesNothing).is_empty(),
            may_fail_twice: !failing(file).is_empty(),
            allowances: allowances(file),
            stem: name.stem,
            description: name.description,
        }
    }
}

impl Rollback {
    fn of(file: &File<'_>) -> Self {
        let block = file.layout.block.as_ref();
        if let Some(Content::Reason { kind, reason, .. }) = block.map(|block| &block.content) {
            let reason = reason.clone();
            return match kind {
                ReasonKind::Irreversible => Self::Irreversible { reason },
                ReasonKind::NothingToUndo => Self::NothingToUndo { reason },
            };
        }
        Self::Sql {
            block: block.map_or(Span::new(0, 0), |block| block.body),
            statements: file.rollback.as_ref().map(spans).unwrap_or_default(),
            residues: file.rollback.as_ref().map(residues).unwrap_or_default(),
            data_loss: texts(&file.layout.rollback_notes, NoteKind::DataLoss),
        }
    }
}

fn spans(part: &Part) -> Vec<Span> {
    part.statements.iter().map(|(_, span)| *span).collect()
}

fn texts(notes: &[Note], kind: NoteKind) -> Vec<String> {
    notes
        .iter()
        .filter(|note| note.kind == kind)
        .map(|note| note.text.clone())
        .collect()
}

/// As refinery-core 0.10 computes it with `int8-versions`: the history keeps this number, and stock refinery compares it.
fn refinery_checksum(name: &FileName, forward: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    name.description.hash(&mut hasher);
    name.version.as_i64().hash(&mut hasher);
    forward.hash(&mut hasher);
    hasher.finish()
}
