//! The table of checked migrations as Rust, for `src/embedded.rs` to include.

use super::{Checked, Mode, Residue, Rollback};
use crate::source::Span;
use std::fmt::Write as _;
use std::time::Duration;

/// The expression `&[Migration { ... }, ...]`, in the order of the file names: the order in which `include_dir` embeds.
pub fn table(migrations: &[Checked]) -> String {
    let mut table = String::from("&[\n");
    for (index, migration) in migrations.iter().enumerate() {
        // Writing into a String cannot fail.
        let _ = write_row(&mut table, index, migration);
    }
    table + "]\n"
}

fn write_row(table: &mut String, index: usize, migration: &Checked) -> std::fmt::Result {
    let mode = match migration.mode {
        Mode::Transaction => "Transaction",
        Mode::NoTransaction => "NoTransaction",
    };
    writeln!(table, "Migration {{")?;
    writeln!(
        table,
        "    version: Version::from_i64({}),",
        grouped(migration.version.as_i64())
    )?;
    writeln!(table, "    stem: {:?},", migration.stem)?;
    writeln!(table, "    description: {:?},", migration.description)?;
    writeln!(table, "    file: file({index}),")?;
    writeln!(table, "    sha256: {:?},", migration.sha256)?;
    writeln!(table, "    checksum: {},", grouped(migration.checksum))?;
    writeln!(table, "    forward: {},", span(migration.forward))?;
    writeln!(table, "    statements: {},", spans(&migration.statements))?;
    writeln!(table, "    mode: Mode::{mode},")?;
    writeln!(table, "    residues: {},", residues(&migration.residues))?;
    let lock_timeout = migration.lock_timeout.map(duration);
    writeln!(table, "    lock_timeout: {},", option(lock_timeout))?;
    writeln!(table, "    rollback: {},", rollback(&migration.rollback))?;
    writeln!(table, "    data_loss: &{:?},", migration.data_loss)?;
    writeln!(table, "    not_rerunnable: {:?},", migration.not_rerunnable)?;
    writeln!(table, "    seal: None,")?;
    writeln!(table, "}},")
}

fn rollback(rollback: &Rollback) -> String {
    match rollback {
        Rollback::Sql {
            block,
            statements,
            residues: left,
            data_loss,
        } => {
            let (block, statements, left) = (span(*block), spans(statements), residues(left));
            format!(
                "Rollback::Sql {{ block: {block}, statements: {statements}, residues: {left}, data_loss: &{data_loss:?} }}"
            )
        }
        Rollback::Irreversible { reason } => {
            format!("Rollback::Irreversible {{ reason: {reason:?} }}")
        }
        Rollback::NothingToUndo { reason } => {
            format!("Rollback::NothingToUndo {{ reason: {reason:?} }}")
        }
    }
}

fn span(span: Span) -> String {
    format!("Span::new({}, {})", grouped(span.start), grouped(span.end))
}

/// What `Debug` prints of a residue is how it is written.
fn residues(residues: &[(usize, Residue)]) -> String {
    let residues = residues
        .iter()
        .map(|(nth, residue)| format!("({}, Residue::{residue:?})", grouped(nth)));
    format!("&[{}]", residues.collect::<Vec<_>>().join(", "))
}

/// In the one form of which clippy does not think that another unit would suit it better.
fn duration(duration: Duration) -> String {
    let seconds = grouped(duration.as_secs());
    let nanos = grouped(duration.subsec_nanos());
    format!("Duration::new({seconds}, {nanos})")
}

fn option(expression: Option<String>) -> String {
    expression.map_or_else(|| "None".to_owned(), |some| format!("Some({some})"))
}

/// `2_025_101_101`, as clippy wants long numbers written.
fn grouped(number: impl std::fmt::Display) -> String {
    let digits = number.to_string();
    let groups = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join("_")
}

fn spans(spans: &[Span]) -> String {
    let spans: Vec<String> = spans.iter().map(|s| span(*s)).collect();
    format!("&[{}]", spans.join(", "))
}
