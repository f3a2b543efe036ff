//! The table of checked migrations as Rust, for `src/embedded.rs` to include.

use super::seal::{LockFile, Seal};
use super::{Allowance, Checked, Mode, Residue, Rollback, applied_sums};
use crate::source::Span;
use std::fmt::Write as _;
use std::time::Duration;

/// The expression `&[Migration { ... }, ...]`, in the order of the file names: the order in which `include_dir` embeds.
pub fn table(migrations: &[Checked], lock_file: &LockFile) -> String {
    let mut table = String::from("&[\n");
    for ((index, migration), applied) in migrations.iter().enumerate().zip(applied_sums(migrations))
    {
        // Writing into a String cannot fail.
        let _ = write_row(
            &mut table,
            index,
            migration,
            applied,
            lock_file.seal(&migration.stem),
        );
    }
    table + "]\n"
}

fn write_row(
    table: &mut String,
    index: usize,
    migration: &Checked,
    applied: i128,
    seal: Option<&Seal>,
) -> std::fmt::Result {
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
    writeln!(table, "    file: File::Embedded({index}),")?;
    writeln!(table, "    sha256: {},", bytes(&migration.sha256))?;
    writeln!(table, "    checksum: {},", grouped(migration.checksum))?;
    writeln!(table, "    applied_sum: {},", signed(applied))?;
    writeln!(table, "    forward: {},", span(migration.forward))?;
    writeln!(table, "    statements: {},", spans(&migration.statements))?;
    writeln!(table, "    mode: Mode::{mode},")?;
    writeln!(table, "    residues: {},", residues(&migration.residues))?;
    let lock_timeout = migration.lock_timeout.map(duration);
    writeln!(table, "    lock_timeout: {},", option(lock_timeout))?;
    writeln!(table, "    rollback: {},", rollback(&migration.rollback))?;
    writeln!(table, "    data_loss: &{:?},", migration.data_loss)?;
    writeln!(table, "    not_rerunnable: {:?},", migration.not_rerunnable)?;
    writeln!(
        table,
        "    allowances: {},",
        allowances(&migration.allowances)
    )?;
    let seal = seal.map(|seal| format!("&{}", self::seal(seal)));
    writeln!(table, "    seal: {},", option(seal))?;
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

/// As one literal: a list of numbers is 32 expressions, and half of what the compiler does with a table of 1,000 rows.
fn bytes(bytes: &[u8]) -> String {
    let bytes = bytes.iter().map(|byte| format!("\\x{byte:02x}"));
    format!("*b\"{}\"", bytes.collect::<String>())
}

fn span(span: Span) -> String {
    format!("Span::new({}, {})", grouped(span.start), grouped(span.end))
}

/// What `Debug` prints of a residue is how it is written.
fn residues(residues: &[(usize, Residue)]) -> String {
    list(
        residues
            .iter()
            .map(|(nth, residue)| format!("({}, Residue::{residue:?})", grouped(nth))),
    )
}

fn allowances(allowances: &[Allowance]) -> String {
    list(allowances.iter().map(|Allowance { rule, reason, .. }| {
        format!("Allowance {{ rule: {rule:?}, reason: {reason:?} }}")
    }))
}

/// Hashes, mode and data loss are left out: the file in the binary is the one that was sealed.
fn seal(seal: &Seal) -> String {
    let locks = seal
        .locks
        .iter()
        .map(|(table, lock)| format!("({table:?}, TableLock::{lock:?})"));
    let rows = seal.rows.iter().map(|(table, rows)| {
        let (read, written) = (grouped(rows.read), grouped(rows.written));
        format!("Rows {{ table: {table:?}, read: {read}, written: {written} }}")
    });
    let fields = [
        ("proven_on", list(seal.proven_on.majors().map(grouped))),
        ("rerunnable", seal.rerunnable.to_string()),
        ("locks", list(locks)),
        ("rewrites", list(seal.rewrites.iter().map(quoted))),
        ("rows", list(rows)),
        ("added", list(seal.added.iter().map(object))),
        ("changed", list(seal.changed.iter().map(object))),
        ("dropped", list(seal.dropped.iter().map(quoted))),
    ];
    let fields = fields.map(|(field, value)| format!("{field}: {value}"));
    format!("Seal {{ {} }}", fields.join(", "))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("&[{}]", items.collect::<Vec<_>>().join(", "))
}

fn quoted(text: &String) -> String {
    format!("{text:?}")
}

fn object((object, definition): (&String, &String)) -> String {
    format!("({object:?}, {definition:?})")
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

/// The same for one that may be below zero.
fn signed(number: i128) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

fn spans(spans: &[Span]) -> String {
    list(spans.iter().map(|s| span(*s)))
}
