//! How an error reads: what happened, where, in what state the database is, what to do next.

use serde::Serialize;

use super::migrations::{line, name_width};
use super::status::{painted, word};
use super::{Paint, Report, at, count};
use crate::apply::{Failure, Left};
use crate::error::Error;
use crate::plan::{Disagreement, Refusal, State};
use crate::server_error::ServerError;
use crate::source::{Excerpt, Note};

/// Form and version of the JSON document of a command that ended with an error alone.
const SCHEMA: &str = "dsentr-migrate/error/1";

/// An error, for machines.
#[derive(Debug, Serialize)]
pub struct ErrorReport {
    schema: &'static str,
    /// The exit code of the process.
    pub exit_code: u8,
    /// What happened, in one line or a few.
    pub message: String,
    /// Name of the migration that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migration: Option<String>,
    /// `path:line:column` in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What the server said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerError>,
    /// On what history and binary disagree.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disagreements: Vec<Disagreement>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl ErrorReport {
    /// Puts an error into a report.
    pub fn new(error: &Error) -> Self {
        let failure = if let Error::Migration(failure) = error {
            Some(failure)
        } else {
            None
        };
        Self {
            schema: SCHEMA,
            exit_code: error.exit_code(),
            message: error.to_string(),
            migration: failure.map(|failure| failure.name.clone()),
            place: failure.map(|failure| excerpt(failure, "", &[]).place()),
            server: failure.and_then(|failure| failure.server.clone()),
            disagreements: if let Error::Refusal(Refusal::Disagreement(list)) = error {
                list.clone()
            } else {
                Vec::new()
            },
            help: help(error),
        }
    }
}

impl Report for ErrorReport {
    /// Errors in text go to stderr, by [`render`].
    fn text(&self, _: Paint) -> String {
        String::new()
    }
}

/// The error for people, with a newline at the end.
pub fn render(error: &Error, paint: Paint) -> String {
    if let Error::Migration(failure) = error {
        return render_failure(failure, paint);
    }
    let mut text = format!("{} {error}\n", paint.bad("error:"));
    if let Error::Refusal(Refusal::Disagreement(list)) = error {
        let width = name_width(list.iter().map(|one| one.name.as_str()));
        for one in list {
            text.push_str(&line(
                word(one.state),
                &painted(one.state, paint),
                &one.name,
                width,
                &one.reason,
            ));
        }
    }
    if let Some(help) = help(error) {
        text.push_str(&format!("help: {help}\n"));
    }
    text
}

/// What to do next, where there is something to say.
fn help(error: &Error) -> Option<String> {
    match error {
        Error::Config(error) => error.help.clone(),
        Error::Refusal(Refusal::Disagreement(list)) => Some(help_for(list)),
        Error::Refusal(Refusal::Ahead { .. }) => {
            Some("use the newer binary, or leave --strict away".to_owned())
        }
        Error::Refusal(Refusal::NoSuchTarget { .. }) => {
            Some("`dsentr-migrate version` lists what this binary carries".to_owned())
        }
        Error::LockTimeout(_) => Some(
            "run it again when the other runner is done, or allow more with --lock-timeout"
                .to_owned(),
        ),
        Error::Unreachable(_) => {
            Some("check host and port, and that the server runs; then run it again".to_owned())
        }
        Error::Pending | Error::Migration(_) | Error::Other(_) => None,
    }
}

/// One sentence a kind.
fn help_for(list: &[Disagreement]) -> String {
    let sentence = |state| match state {
        State::Divergent => {
            "a divergent migration was changed after it had been applied: use the binary that applied it, or bring the file back and put the change into a new migration"
        }
        State::OutOfOrder => {
            "an out-of-order migration was added behind newer ones: give the file today's date"
        }
        State::Unknown => {
            "an unknown migration was applied by another binary: use that one, or a newer"
        }
        State::Applied | State::Pending => "",
    };
    let kinds = [State::Divergent, State::OutOfOrder, State::Unknown];
    let present = kinds
        .into_iter()
        .filter(|kind| list.iter().any(|one| one.state == *kind));
    present.map(sentence).collect::<Vec<_>>().join("\nhelp: ")
}

fn render_failure(failure: &Failure, paint: Paint) -> String {
    let label = if failure.place.is_some() {
        failure.reason.as_str()
    } else {
        ""
    };
    let mut text = excerpt(failure, label, &notes(failure)).render(paint.0);
    text.push('\n');
    text
}

fn excerpt<'a>(failure: &'a Failure, label: &'a str, notes: &'a [Note]) -> Excerpt<'a> {
    Excerpt {
        title: &failure.title,
        path: &failure.path,
        text: failure.text,
        span: failure.place,
        label,
        notes,
    }
}

fn notes(failure: &Failure) -> Vec<Note> {
    let mut notes = Vec::new();
    if failure.place.is_none() {
        notes.push(Note::new("server", &failure.reason));
    }
    if let Some(server) = &failure.server {
        let remarks = [
            ("detail", &server.detail),
            ("hint", &server.hint),
            ("context", &server.context),
        ];
        notes.extend(
            remarks
                .into_iter()
                .filter_map(|(kind, text)| Some(Note::new(kind, text.as_deref()?))),
        );
    }
    notes.push(Note::new("note", state(failure)));
    if let Left::Statements(_) = failure.left {
        notes.push(Note::help(
            "the next run starts at its first statement again: remove what the failed one left behind (an index may be INVALID) before",
        ));
    }
    notes
}

/// Where the database stands now.
fn state(failure: &Failure) -> String {
    let position = failure.position.map(|version| version.to_string());
    let at = at(position.as_deref());
    match failure.applied {
        0 => format!("this run applied nothing; the database is at {at}"),
        1 => format!("1 migration of this run was applied and stays; the database is at {at}"),
        more => format!(
            "{} of this run were applied and stay; the database is at {at}",
            count(more, "migration")
        ),
    }
}
