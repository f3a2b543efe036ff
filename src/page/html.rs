//! The page as one file for a browser: no network, no script.

use super::diagram::svg;
use super::model::{Column, ForeignKey, Model, Named, Table};
use super::text::{escaped, migration_anchor, table_anchor};
use super::timeline::Entry;
use crate::report::count;

const STYLE: &str = include_str!("page.css");

pub(super) fn page(model: &Model) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>The schema of Dsentr</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>The schema of Dsentr</h1>\n<p class=\"soft\">{}</p>\n</header>\n<main>\n",
        subtitle(model)
    );
    html.push_str(&contents(model));
    html.push_str(&format!(
        "<h2 id=\"diagram\">Diagram</h2>\n<p class=\"soft\">Tables with their key columns; \
         an arrow leads from a foreign key to the table that it references.</p>\n\
         <div class=\"diagram scroll\" tabindex=\"0\">\n{}</div>\n<h2 id=\"tables\">Tables</h2>\n",
        svg(model)
    ));
    for table in &model.tables {
        html.push_str(&card(model, table));
    }
    html.push_str(&objects("enums", "Enums", &model.enums));
    html.push_str(&functions(&model.functions));
    html.push_str(&objects("extensions", "Extensions", &model.extensions));
    html.push_str(&objects("others", "Everything else", &model.others));
    html.push_str("<h2 id=\"migrations\">Migrations</h2>\n<p class=\"soft\">In the order in which they are applied.</p>\n<ol class=\"timeline\">\n");
    for entry in &model.timeline {
        html.push_str(&migration(entry));
    }
    html + "</ol>\n</main>\n</body>\n</html>\n"
}

fn subtitle(model: &Model) -> String {
    match model.newest() {
        Some(newest) => format!(
            "{} at version {}, as the seals of {} have it. Made by <code>dsentr-migrate schema</code>.",
            count(model.tables.len(), "table"),
            newest.version,
            count(model.timeline.len(), "migration"),
        ),
        None => "There is no migration.".to_owned(),
    }
}

fn contents(model: &Model) -> String {
    let mut links = vec![("diagram", "Diagram"), ("tables", "Tables")];
    let optional = [
        ("enums", "Enums", &model.enums),
        ("functions", "Functions", &model.functions),
        ("extensions", "Extensions", &model.extensions),
        ("others", "Everything else", &model.others),
    ];
    let present = optional.iter().filter(|(_, _, all)| !all.is_empty());
    links.extend(present.map(|(id, title, _)| (*id, *title)));
    links.push(("migrations", "Migrations"));
    let links: Vec<_> = links
        .iter()
        .map(|(id, title)| format!("<a href=\"#{id}\">{title}</a>"))
        .collect();
    let tables = model.tables.iter();
    let tables = tables.map(|table| format!("<li>{}</li>\n", link(table.name)));
    format!(
        "<nav class=\"contents\" aria-label=\"Contents\">\n<p>{}</p>\n<ul>\n{}</ul>\n</nav>\n",
        links.join(" · "),
        tables.collect::<String>()
    )
}

fn card(model: &Model, table: &Table) -> String {
    let mut html = format!(
        "<section class=\"card\" id=\"{}\">\n<h3>{}</h3>\n",
        table_anchor(table.name),
        escaped(table.name)
    );
    if let Some((stem, purpose)) = &table.made_by {
        html.push_str(&format!(
            "<p>{} <a class=\"soft\" href=\"#{}\">{}</a></p>\n",
            escaped(purpose),
            migration_anchor(stem),
            escaped(stem)
        ));
    }
    if let Some(comment) = table.comment {
        html.push_str(&format!("<p>{}</p>\n", escaped(comment)));
    }
    if let Some(form) = table.form {
        html.push_str(&format!("<p>Form: {}</p>\n", code(form)));
    }
    if !table.columns.is_empty() {
        html.push_str(&columns(table));
    }
    if !table.primary_key.is_empty() {
        let columns = code(&table.primary_key.join(", "));
        html.push_str(&group("Primary key", &[columns]));
    }
    let keys: Vec<_> = table.foreign_keys.iter().map(foreign_key).collect();
    html.push_str(&group("Foreign keys", &keys));
    let referencing = model.referenced_by(table);
    let referencing: Vec<_> = referencing.iter().map(|name| link(name)).collect();
    if !referencing.is_empty() {
        html.push_str(&group("Referenced by", &[referencing.join(", ")]));
    }
    for (title, all) in [
        ("Unique", &table.unique),
        ("Checks", &table.checks),
        ("Indexes", &table.indexes),
        ("Triggers", &table.triggers),
        ("Also", &table.others),
        ("Granted to", &table.granted),
    ] {
        let items: Vec<_> = all.iter().map(item).collect();
        html.push_str(&group(title, &items));
    }
    html + "</section>\n"
}

fn columns(table: &Table) -> String {
    let has_comments = table.columns.iter().any(|column| column.comment.is_some());
    let mut html =
        "<div class=\"scroll\"><table>\n<thead><tr><th>column</th><th>type</th><th>null</th><th>default</th>"
            .to_owned();
    if has_comments {
        html.push_str("<th>comment</th>");
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for column in &table.columns {
        html.push_str(&row(column, table.is_primary(column.name), has_comments));
    }
    html + "</tbody>\n</table></div>\n"
}

fn row(column: &Column, is_primary: bool, has_comments: bool) -> String {
    let class = if is_primary { " class=\"key\"" } else { "" };
    let comment = column.comment.map(escaped).unwrap_or_default();
    format!(
        "<tr><td{class}>{}</td><td>{}</td><td>{}</td><td>{}</td>{}</tr>\n",
        code(column.name),
        code(column.data_type),
        if column.nullable { "yes" } else { "no" },
        column.default.map(code).unwrap_or_default(),
        if has_comments {
            format!("<td>{comment}</td>")
        } else {
            String::new()
        }
    )
}

fn foreign_key(key: &ForeignKey) -> String {
    let more = format!("{} {}", escaped(key.actions), code(key.name));
    format!(
        "{} → {} {} <span class=\"soft\">{}</span>",
        code(&key.columns.join(", ")),
        link(key.table),
        code(&key.referenced.join(", ")),
        more.trim_start(),
    )
}

fn item(named: &Named) -> String {
    let (name, definition) = (code(named.name), code(named.definition));
    format!("{name} <span class=\"soft\">{definition}</span>")
}

fn group(title: &str, items: &[String]) -> String {
    if items.is_empty() {
        return String::new();
    }
    format!("<h4>{title}</h4>\n{}", list(items))
}

fn list(items: &[String]) -> String {
    let items = items.iter().map(|item| format!("<li>{item}</li>\n"));
    format!("<ul class=\"list\">\n{}</ul>\n", items.collect::<String>())
}

fn objects(id: &str, title: &str, all: &[Named]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let items: Vec<_> = all.iter().map(item).collect();
    format!("<h2 id=\"{id}\">{title}</h2>\n{}", list(&items))
}

fn functions(all: &[Named]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let functions = all.iter().map(|named| {
        let (name, definition) = (escaped(named.name), escaped(named.definition.trim_end()));
        format!("<h3>{name}</h3>\n<pre>{definition}</pre>\n")
    });
    format!(
        "<h2 id=\"functions\">Functions</h2>\n{}",
        functions.collect::<String>()
    )
}

fn migration(entry: &Entry) -> String {
    let stem = entry.migration.stem;
    let facts = entry.facts.iter().map(|fact| {
        let class = if fact.is_warning {
            " class=\"warn\""
        } else {
            ""
        };
        format!(
            "<dt{class}>{}</dt><dd{class}>{}</dd>\n",
            fact.label,
            escaped(&fact.text)
        )
    });
    format!(
        "<li id=\"{}\">\n<h3>{}</h3>\n<p>{}</p>\n<dl>\n{}</dl>\n</li>\n",
        migration_anchor(stem),
        escaped(stem),
        escaped(&entry.purpose),
        facts.collect::<String>()
    )
}

fn link(table: &str) -> String {
    format!(
        "<a href=\"#{}\"><code>{}</code></a>",
        table_anchor(table),
        escaped(table)
    )
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}
