//! `cargo migration new`: the next file, from a template.

use time::Date;

use super::error::Error;
use super::name::{next, slug};
use super::project::{Project, ROWS};
use crate::source::FOLDER;

/// What an author starts from. It passes the checks once a statement stands in each half: what does not apply is a comment
/// to delete.
const TEMPLATE: &str = include_str!("template.sql");

/// Writes the file, and says what to do next.
pub(super) fn new(project: &Project, description: &str, today: Date) -> Result<String, Error> {
    let Some(slug) = slug(description) else {
        return Err(Error::Usage(format!(
            "nothing of {description:?} can stand in a file name; say in a few English words what the migration does: \
             cargo migration new \"add invoices\""
        )));
    };
    let entries = project.entries()?;
    let names = entries.iter().map(|entry| entry.name.as_str());
    let name = next(names, today, &slug).map_err(Error::Usage)?;
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
