//! The notes in comments: `Data loss:`, `Not rerunnable:` and `Changes nothing:`.

use super::file::File;
use super::layout::{Note, NoteKind};
use super::problem::Finding;

pub(super) fn note_form(file: &File<'_>) -> Vec<Finding> {
    file.notes().filter_map(malformed).collect()
}

fn malformed(note: &Note) -> Option<Finding> {
    if let (Some(word), true) = (note.misspelt, note.bare) {
        let message = "a note among the SQL of the rollback block";
        return Some(Finding::at(note.span, message).help(format!(
            "make it a comment inside the comment: `--   -- {word} ...`"
        )));
    }
    if let Some(word) = note.misspelt {
        return Some(
            Finding::at(note.span, "this note is not recognised as it is written")
                .help(format!("write `-- {word}`")),
        );
    }
    let word = match note.kind {
        NoteKind::DataLoss => "Data loss:",
        NoteKind::NotRerunnable => "Not rerunnable:",
        NoteKind::ChangesNothing => "Changes nothing:",
        NoteKind::Header | NoteKind::Allow => return None,
    };
    note.text.is_empty().then(|| {
        Finding::at(note.span, format!("`{word}` says nothing")).help("say what, after the colon")
    })
}
