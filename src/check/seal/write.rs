//! Writes the text of `migrations.lock`: TOML, one object a line, the same to the byte for the same seals.
//!
//! Blocks stand in the order of the migrations, so that a new one is appended: two branches that both add one touch the
//! same place, and the merge stops there.

use super::Seal;
use super::hash::{hex, short};
use std::collections::BTreeMap;

const HEAD: &str = "\
# What was proven of each migration on real servers. Written by `cargo migration seal`, not by hand.
# After a merge conflict in this file: take the whole file of one side, then run `cargo migration seal`.
";

/// What each block begins with.
pub(super) const BLOCK: &str = "\n[[migration]]\n";

pub(super) fn write(seals: &[Seal]) -> String {
    let blocks = seals.iter().map(block);
    std::iter::once(HEAD.to_owned()).chain(blocks).collect()
}

fn block(seal: &Seal) -> String {
    let mut text = String::from(BLOCK);
    text += &format!("name = {}\n", string(&seal.stem));
    text += &format!("forward = \"{}\"\n", hex(&seal.forward));
    text += &format!("rollback = \"{}\"\n", hex(&seal.rollback));
    text += &format!("schema = \"{}\"\n", hex(&seal.schema));
    text += &format!("transaction = {}\n", seal.transaction);
    text += &format!("rerunnable = {}\n", seal.rerunnable);
    text += &format!("proven_on = {}\n", seal.proven_on.to_toml());
    text += &list("data_loss", &seal.data_loss);
    text += &list("rollback_data_loss", &seal.rollback_data_loss);
    text += &list("rewrites", &seal.rewrites);
    text += &list("dropped", &seal.dropped);
    text += &table("locks", &seal.locks, |lock| format!("\"{lock}\""));
    text += &table("rows", &seal.rows, |rows| {
        format!("{{ read = {}, written = {} }}", rows.read, rows.written)
    });
    text += &table("added", &seal.added, |text| definition(text));
    text += &table("changed", &seal.changed, |text| definition(text));
    text
}

/// What is empty is left out.
fn list<'a>(name: &str, texts: impl IntoIterator<Item = &'a String>) -> String {
    let lines: String = texts
        .into_iter()
        .map(|text| format!("    {},\n", one_line(text)))
        .collect();
    if lines.is_empty() {
        return lines;
    }
    format!("{name} = [\n{lines}]\n")
}

fn table<T>(name: &str, rows: &BTreeMap<String, T>, value: impl Fn(&T) -> String) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let lines = rows
        .iter()
        .map(|(key, row)| format!("{} = {}\n", one_line(key), value(row)));
    format!("\n[migration.{name}]\n{}", lines.collect::<String>())
}

fn definition(text: &str) -> String {
    format!("[{}, \"{}\"]", string(text), short(text))
}

/// As it is wherever TOML can take it so; a text of several lines stands on several lines.
fn string(text: &str) -> String {
    if !text.contains('\n') {
        return one_line(text);
    }
    if is_literal(text) && !text.contains("'''") && !text.ends_with('\'') {
        return format!("'''\n{text}'''");
    }
    format!("\"\"\"\n{}\"\"\"", escaped(text, true))
}

fn one_line(text: &str) -> String {
    let plain = is_literal(text) && !text.contains('\n');
    if plain && text.contains(['"', '\\']) && !text.contains('\'') {
        return format!("'{text}'");
    }
    format!("\"{}\"", escaped(text, false))
}

/// Whether a literal string of TOML can hold these characters.
fn is_literal(text: &str) -> bool {
    !text.chars().any(must_be_escaped)
}

fn must_be_escaped(c: char) -> bool {
    c.is_control() && c != '\t' && c != '\n'
}

fn escaped(text: &str, lines: bool) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '"' | '\\' => escaped.extend(['\\', c]),
            '\n' if !lines => escaped.push_str("\\n"),
            c if must_be_escaped(c) => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}
