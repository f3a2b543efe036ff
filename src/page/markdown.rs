//! The page in Markdown, as GitHub reads it.

use super::model::{Column, ForeignKey, Model, Named, Table};
use super::text::{migration_anchor, table_anchor};
use crate::report::count;

pub(super) fn page(model: &Model) -> String {
    let mut text = "# The schema of Dsentr\n\n".to_owned();
    match model.newest() {
        Some(newest) => text.push_str(&format!(
            "{} at version {}, as the seals of {} have it.\nMade by `dsentr-migrate schema`; not to be edited by hand.\n",
            count(model.tables.len(), "table"),
            newest.version,
            count(model.timeline.len(), "migration"),
        )),
        None => text.push_str("There is no migration.\n"),
    }
    text.push_str(
        "\n## Tables\n\n| table | what it is for | referenced by |\n| --- | --- | --- |\n",
    );
    for table in &model.tables {
        let referencing = model.referenced_by(table);
        let referencing: Vec<_> = referencing.iter().map(|name| link(name)).collect();
        text.push_str(&row(&[
            &link(table.name),
            &prose(table.purpose()),
            &referencing.join(", "),
        ]));
    }
    for table in &model.tables {
        text.push_str(&section(table));
    }
    text.push_str(&objects("Enums", &model.enums));
    text.push_str(&functions(&model.functions));
    text.push_str(&objects("Extensions", &model.extensions));
    text.push_str(&objects("Everything else", &model.others));
    text + &timeline(model)
}

fn section(table: &Table) -> String {
    let mut text = format!(
        "\n<a id=\"{}\"></a>\n### {}\n",
        table_anchor(table.name),
        prose(table.name)
    );
    if let Some((stem, purpose)) = &table.made_by {
        let made_by = format!("[{stem}](#{})", migration_anchor(stem));
        let purpose = prose(purpose);
        text.push_str(&format!("\n{}\n", format!("{purpose} ({made_by})").trim()));
    }
    if let Some(comment) = table.comment {
        text.push_str(&format!("\n{}\n", prose(comment)));
    }
    if let Some(form) = table.form {
        text.push_str(&format!("\nForm: {}\n", code(form)));
    }
    if !table.columns.is_empty() {
        text.push_str(&columns(&table.columns));
    }
    let mut lines = String::new();
    if !table.primary_key.is_empty() {
        let columns = code(&table.primary_key.join(", "));
        lines.push_str(&format!("- Primary key: {columns}\n"));
    }
    lines.push_str(&list("Unique", &table.unique));
    for key in &table.foreign_keys {
        lines.push_str(&foreign_key(key));
    }
    lines.push_str(&list("Check", &table.checks));
    lines.push_str(&list("Index", &table.indexes));
    lines.push_str(&list("Trigger", &table.triggers));
    lines.push_str(&list("Also", &table.others));
    lines.push_str(&list("Granted to", &table.granted));
    if !lines.is_empty() {
        text.push_str(&format!("\n{lines}"));
    }
    text
}

fn columns(columns: &[Column]) -> String {
    let has_comments = columns.iter().any(|column| column.comment.is_some());
    let mut text = if has_comments {
        "\n| column | type | null | default | comment |\n| --- | --- | --- | --- | --- |\n"
    } else {
        "\n| column | type | null | default |\n| --- | --- | --- | --- |\n"
    }
    .to_owned();
    for column in columns {
        let (name, data_type) = (code(column.name), code(column.data_type));
        let default = column.default.map(code).unwrap_or_default();
        let comment = column.comment.map(prose).unwrap_or_default();
        let nullable = if column.nullable { "yes" } else { "no" };
        let cells = [&name, &data_type, nullable, &default, &comment];
        text.push_str(&row(&cells[..if has_comments { 5 } else { 4 }]));
    }
    text
}

fn foreign_key(key: &ForeignKey) -> String {
    let line = format!(
        "- Foreign key {}: {} → {} {} {}",
        code(key.name),
        code(&key.columns.join(", ")),
        link(key.table),
        code(&key.referenced.join(", ")),
        key.actions,
    );
    format!("{}\n", line.trim_end())
}

fn list(label: &str, all: &[Named]) -> String {
    let lines = all.iter().map(|named| {
        let (name, definition) = (code(named.name), code(named.definition));
        format!("- {label} {name}: {definition}\n")
    });
    lines.collect()
}

fn objects(title: &str, all: &[Named]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut text = format!("\n## {title}\n\n");
    for named in all {
        let (name, definition) = (code(named.name), code(named.definition));
        text.push_str(&format!("- {name}: {definition}\n"));
    }
    text
}

fn functions(all: &[Named]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut text = "\n## Functions\n".to_owned();
    for named in all {
        let fence = fence(named.definition, 3);
        let (name, definition) = (prose(named.name), named.definition.trim_end());
        text.push_str(&format!(
            "\n### {name}\n\n{fence}text\n{definition}\n{fence}\n"
        ));
    }
    text
}

fn timeline(model: &Model) -> String {
    let mut text = "\n## Migrations\n\nIn the order in which they are applied.\n".to_owned();
    for entry in &model.timeline {
        let stem = entry.migration.stem;
        text.push_str(&format!(
            "\n<a id=\"{}\"></a>\n### {}\n\n",
            migration_anchor(stem),
            prose(stem),
        ));
        if !entry.purpose.is_empty() {
            text.push_str(&format!("{}\n\n", prose(&entry.purpose)));
        }
        for fact in &entry.facts {
            let label = if fact.is_warning {
                format!("**{}**", fact.label)
            } else {
                fact.label.to_owned()
            };
            text.push_str(&format!("- {label}: {}\n", prose(&fact.text)));
        }
    }
    text
}

fn link(table: &str) -> String {
    format!("[{}](#{})", prose(table), table_anchor(table))
}

/// A row of a table. A bar ends a cell, in code too.
fn row(cells: &[&str]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// Text that is shown as it is, on one line.
fn code(text: &str) -> String {
    let text = text
        .split('\n')
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ");
    if !text.contains('`') {
        return format!("`{text}`");
    }
    let fence = fence(&text, 1);
    format!("{fence} {text} {fence}")
}

/// One backtick more than stand together in the text.
fn fence(text: &str, least: usize) -> String {
    let runs = text.split(|c| c != '`').map(str::len);
    "`".repeat(runs.max().map_or(least, |run| least.max(run + 1)))
}

/// Text in which nothing is markup.
fn prose(text: &str) -> String {
    let chars: Vec<char> = text.replace('\n', " ").chars().collect();
    let mut escaped = String::new();
    for (at, &c) in chars.iter().enumerate() {
        let is_within_word = || {
            let before = at.checked_sub(1).map(|before| chars[before]);
            [before, chars.get(at + 1).copied()]
                .iter()
                .all(|c| c.is_some_and(char::is_alphanumeric))
        };
        let is_markup = match c {
            '\\' | '`' | '*' | '<' | '>' | '[' | ']' | '&' | '~' => true,
            '_' => !is_within_word(),
            '#' | '-' | '+' => at == 0,
            _ => false,
        };
        if is_markup {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
