//! The tables and their foreign keys as a graph for Graphviz.

use super::model::{Model, Table};
use super::text::escaped;

pub(super) fn page(model: &Model) -> String {
    let mut text =
        "digraph schema {\n    rankdir=RL\n    node [shape=plain, fontname=\"sans-serif\"]\n"
            .to_owned();
    for table in &model.tables {
        text.push_str(&format!(
            "    {} [label=<{}>]\n",
            quoted(table.name),
            label(table)
        ));
    }
    for table in &model.tables {
        for key in &table.foreign_keys {
            text.push_str(&format!(
                "    {} -> {} [tooltip={}]\n",
                quoted(table.name),
                quoted(key.table),
                quoted(&key.columns.join(", ")),
            ));
        }
    }
    text + "}\n"
}

fn label(table: &Table) -> String {
    let mut rows = format!("<tr><td><b>{}</b></td></tr>", escaped(table.name));
    for column in table.keys() {
        rows.push_str(&format!(
            "<tr><td align=\"left\">{} {}</td></tr>",
            escaped(column.name),
            escaped(column.data_type)
        ));
    }
    format!("<table border=\"0\" cellborder=\"1\" cellspacing=\"0\">{rows}</table>")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}
