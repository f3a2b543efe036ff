//! The form of the rollback block.

use super::file::File;
use super::layout::{Block, Content, OPENING};
use super::problem::Finding;

const FORMS: &str = "end the file with `-- Rollback:` and, in comments below it, SQL, or with `-- Irreversible: <reason>`, or with `-- Nothing to undo: <reason>`";

pub(super) fn rollback_block(file: &File<'_>) -> Vec<Finding> {
    let Some(block) = &file.layout.block else {
        return missing(file);
    };
    let mut found = Vec::new();
    let opening = block.opening.slice(file.text);
    if opening != OPENING && !block.is_bare_reason() {
        let finding = Finding::at(block.opening, "a rollback block is not opened by this line");
        found.push(finding.help(format!("write `{OPENING}` and nothing else on the line")));
    }
    for more in &file.layout.more_openings {
        found.push(
            Finding::at(*more, "a second rollback block")
                .help("keep one block, at the end of the file"),
        );
    }
    // After a misspelt opening line or a second block, what else the block lacks is the same mistake.
    if found.is_empty() {
        found.extend(body(file, block));
    }
    found
}

fn missing(file: &File<'_>) -> Vec<Finding> {
    // A string that is never closed swallows the block; that it is never closed is said elsewhere.
    if super::syntax::swallows_the_rest(&file.forward) || file.text.trim().is_empty() {
        return Vec::new();
    }
    vec![Finding::whole("the rollback block is missing").help(FORMS)]
}

fn body(file: &File<'_>, block: &Block) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(stray) = block.stray {
        let finding = match stray.slice(file.text).trim() {
            "" => Finding::at(stray, "an empty line in the rollback block")
                .help("begin it with `--`, or delete it"),
            line if line.starts_with("--") => {
                Finding::at(stray, "an indented comment in the rollback block")
                    .help("begin the line with `--`")
            }
            _ => Finding::at(
                stray,
                "this line stands after the rollback block, which is the last thing in a file",
            )
            .help(
                "move it above `-- Rollback:`, or begin it with `--` if it belongs to the way back",
            ),
        };
        found.push(finding);
    }
    match &block.content {
        Content::Empty if block.stray.is_some() => {}
        Content::Empty => {
            found.push(Finding::at(block.opening, "the rollback block is empty").help(FORMS));
        }
        Content::Sql => {
            let empty = file
                .rollback
                .as_ref()
                .is_some_and(|part| part.is_sound() && part.statements.is_empty());
            if empty && block.stray.is_none() {
                found.push(
                    Finding::at(block.opening, "the rollback block has no statement").help(FORMS),
                );
            }
        }
        Content::Reason {
            kind,
            word,
            reason,
            sql,
        } => {
            let written = word.slice(file.text);
            if written != kind.word() {
                found.push(
                    Finding::at(*word, format!("`{written}` is misspelt"))
                        .help(format!("write `{}`", kind.word())),
                );
            }
            if let Some(sql) = sql {
                let message = format!("SQL beside `{}`", kind.word());
                found.push(Finding::at(*sql, message).help("keep either the reason or the SQL"));
            } else if reason.is_empty() {
                found.push(
                    Finding::at(*word, format!("`{written}` gives no reason"))
                        .help("say why, after the colon"),
                );
            }
        }
    }
    found
}
