//! `schema`: a page of the schema that the seals describe.

use crate::config::ConfigError;
use crate::embedded::Migration;
use crate::error::Error;
use crate::page::{PageFormat, page};
use crate::report::Out;

/// Prints the page, in the form that was asked for.
pub(super) fn schema(
    format: PageFormat,
    embedded: &[Migration],
    out: &mut Out,
) -> Result<(), Error> {
    let Some(page) = page(embedded, format) else {
        return Err(
            ConfigError::new("not every migration of this executable is sealed")
                .with_help(
                    "the page is made from the seals: run `cargo migration seal` and build again",
                )
                .into(),
        );
    };
    Ok(out.file(&page)?)
}
