//! A page of the schema, made from what the seals say of it: no database is asked, and the same migrations make the same
//! bytes.

mod diagram;
mod dot;
mod html;
mod layout;
mod markdown;
mod mermaid;
mod model;
mod text;
mod timeline;

use clap::ValueEnum;

use self::model::Model;
use crate::embedded::Migration;

/// The form of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PageFormat {
    /// Markdown, as GitHub reads it
    Markdown,
    /// One file for a browser, with a diagram
    Html,
    /// The diagram alone, for Mermaid
    Mermaid,
    /// The diagram alone, for Graphviz
    Dot,
}

/// The page of the newest version; none where a migration is not sealed.
pub fn page(embedded: &[Migration], format: PageFormat) -> Option<String> {
    let model = Model::new(embedded)?;
    Some(match format {
        PageFormat::Markdown => markdown::page(&model),
        PageFormat::Html => html::page(&model),
        PageFormat::Mermaid => mermaid::page(&model),
        PageFormat::Dot => dot::page(&model),
    })
}
