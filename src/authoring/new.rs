//! `cargo migration new`: the next file, from a template.

use super::error::Error;
use super::project::{Project, ROWS};
use crate::source::{Day, FOLDER, FileName};

/// What an author starts from. It passes the checks once a statement stands in each half: what does not apply is a comment
/// to delete.
const TEMPLATE: &str = include_str!("template.sql");

/// Writes the file, and says what to do next.
pub(super) fn new(project: &Project, description: &str, today: Day) -> Result<String, Error> {
    let Some(slug) = slug(description) else {
        return Err(Error::Usage(format!(
            "nothing of {description:?} can stand in a file name; say in a few English words what the migration does: \
             cargo migration new \"add invoices\""
        )));
    };
    let entries = project.entries()?;
    let names = entries
        .iter()
        .filter_map(|entry| FileName::parse(&entry.name).ok());
    let newest = names.max_by_key(|name| name.version);
    let name = FileName::next(newest.as_ref(), today, &slug)
        .map_err(|problem| Error::Usage(problem.to_string()))?;
    let name = format!("{}.sql", name.stem);
    project.write_migration(&name, TEMPLATE)?;
    Ok(format!(
        "{FOLDER}/{name}\n\n\
         1. Write it: the purpose, the way forward, the way back. docs/migrations.md says how.\n\
         2. cargo build                what is wrong is shown with its place\n\
         3. {ROWS}/{name}\n   \
            rows for what it makes: the way back is proven with a row in every table\n\
         4. cargo migration seal       proves it on real servers\n\
         5. Commit it together with {FOLDER}/migrations.lock.\n"
    ))
}

/// A description as it stands in a file name: `Add invoices!` becomes `add_invoices`. None where nothing is left.
fn slug(description: &str) -> Option<String> {
    let words = description
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase);
    let slug = words.collect::<Vec<_>>().join("_");
    (!slug.is_empty()).then_some(slug)
}
