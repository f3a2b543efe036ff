//! A migration as it is proven: what is sent forward and back, and the rows that fill the tables at its version.

use super::changes::Change;
use super::project::ROWS;
use super::script::Script;
use crate::check::{Checked, Mode, Rollback};
use crate::source::{FOLDER, Span};

/// A migration to prove, or one to apply on the way to it.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// What the checks know of it.
    pub(super) checked: Checked,
    /// The way forward.
    pub(super) forward: Script,
    /// The way back, where it is SQL.
    pub(super) back: Option<Script>,
    /// The rows that an application writes at its version, if any are kept.
    pub(super) rows: Option<Script>,
    /// What the step may change in rows that are there.
    pub(super) changes: Vec<Change>,
    /// Whether it is to be proven; else it is applied alone.
    pub(super) is_wanted: bool,
}

impl Subject {
    /// From a file that passed the checks, and its file with rows.
    ///
    /// # Errors
    /// What is wrong in the file with rows.
    pub(super) fn new(
        checked: &Checked,
        text: &str,
        rows: Option<&str>,
        is_wanted: bool,
    ) -> Result<Self, Vec<String>> {
        let text = text.to_owned();
        let path = format!("{FOLDER}/{}.sql", checked.stem);
        let rows_path = format!("{ROWS}/{}.sql", checked.stem);
        let changes = super::changes::parse(&rows_path, rows.unwrap_or_default())?;
        Ok(Self {
            forward: Script {
                path: path.clone(),
                shown: text.clone(),
                sent: text.clone(),
                statements: checked.statements.clone(),
            },
            back: back(checked, path, text),
            rows: rows.map(|rows| Script {
                path: rows_path,
                shown: rows.to_owned(),
                sent: rows.to_owned(),
                // Nobody has to take it apart: it is one message.
                statements: vec![Span::of(0..rows.len())],
            }),
            changes,
            checked: checked.clone(),
            is_wanted,
        })
    }

    /// Its name.
    pub(super) fn stem(&self) -> &str {
        &self.checked.stem
    }

    /// Whether its statements run in one transaction.
    pub(super) fn is_transaction(&self) -> bool {
        self.checked.mode == Mode::Transaction
    }

    /// Whether the file says what the way back destroys.
    pub(super) fn tells_loss_back(&self) -> bool {
        matches!(&self.checked.rollback, Rollback::Sql { data_loss, .. } if !data_loss.is_empty())
    }

    /// Whether the file says what is destroyed, on either way: what is not restored was lost on the way there.
    pub(super) fn tells_loss(&self) -> bool {
        !self.checked.data_loss.is_empty() || self.tells_loss_back()
    }
}

fn back(checked: &Checked, path: String, text: String) -> Option<Script> {
    let Rollback::Sql {
        block, statements, ..
    } = &checked.rollback
    else {
        return None;
    };
    let uncommented: String = block
        .slice(&text)
        .split_inclusive('\n')
        .map(|line| match line.strip_prefix("--") {
            Some(rest) => format!("  {rest}"),
            None => line.to_owned(),
        })
        .collect();
    let mut sent = text.clone();
    sent.replace_range(block.range(), &uncommented);
    Some(Script {
        path,
        shown: text,
        sent,
        statements: statements.clone(),
    })
}
