//! The tables and their foreign keys as an entity diagram for Mermaid.

use super::model::{Model, Table};

pub(super) fn page(model: &Model) -> String {
    let mut text = "erDiagram\n".to_owned();
    for table in &model.tables {
        text.push_str(&entity(table));
    }
    for table in &model.tables {
        for key in &table.foreign_keys {
            let nullable = table
                .columns
                .iter()
                .any(|column| column.nullable && key.columns.contains(&column.name));
            text.push_str(&format!(
                "    {} {}--o{{ {} : {}\n",
                quoted(key.table),
                if nullable { "|o" } else { "||" },
                quoted(table.name),
                quoted(&key.columns.join(", ")),
            ));
        }
    }
    text
}

fn entity(table: &Table) -> String {
    let keys = table.keys();
    if keys.is_empty() {
        return format!("    {}\n", quoted(table.name));
    }
    let mut text = format!("    {} {{\n", quoted(table.name));
    for column in keys {
        let mut marks = Vec::new();
        if table.is_primary(column.name) {
            marks.push("PK");
        }
        if table.is_foreign(column.name) {
            marks.push("FK");
        }
        text.push_str(&format!(
            "        {} {} {}\n",
            word(column.data_type),
            word(column.name),
            marks.join(", ")
        ));
    }
    text + "    }\n"
}

/// Mermaid knows no way to write a quotation mark in a name.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "'"))
}

/// Types and columns are single words of letters, digits, `_` and `-`, and begin with a letter or `_`.
fn word(text: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let word: String = text
        .trim_matches('"')
        .chars()
        .map(|c| if keep(c) { c } else { '_' })
        .collect();
    match word.chars().next() {
        Some(c) if c.is_ascii_alphabetic() || c == '_' => word,
        _ => format!("_{word}"),
    }
}
