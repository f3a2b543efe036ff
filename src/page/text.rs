//! Names and lists, as several formats need them.

/// A name of nothing but letters, digits, `_`, `.` and `-`, another for each name.
pub(super) fn plain(name: &str) -> String {
    let chars = name.chars().map(|c| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' => c.to_string(),
        c => format!("-{:x}-", u32::from(c)),
    });
    chars.collect()
}

/// Where the section of a table is.
pub(super) fn table_anchor(table: &str) -> String {
    format!("table-{}", plain(table))
}

/// Where a migration is in the timeline.
pub(super) fn migration_anchor(stem: &str) -> String {
    format!("migration-{stem}")
}

/// For HTML, in text and in attributes.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
