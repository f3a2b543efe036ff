//! What a rule says, and how it looks.

use crate::source::{Excerpt, FOLDER, Note, Span};
use std::sync::Arc;

/// Something wrong in one file of `migrations/`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The rule that says so, in kebab-case.
    pub rule: &'static str,
    /// The name of the file in the folder.
    pub file: String,
    /// Where in the file; `None` for the file as a whole.
    pub span: Option<Span>,
    /// What is wrong.
    pub message: String,
    /// What to change.
    pub help: Option<String>,
    /// The file, for the excerpt.
    text: Arc<str>,
}

impl Problem {
    /// The lines of one message: `migrations/x.sql:7:12: message [rule]`, then the source line with its caret, then help.
    pub fn lines(&self) -> Vec<String> {
        let path = format!("{FOLDER}/{}", self.file);
        let notes: Vec<Note> = self.help.iter().map(Note::help).collect();
        let excerpt = Excerpt {
            title: &self.message,
            path: &path,
            text: &self.text,
            span: self.span,
            label: "",
            notes: &notes,
        };
        let head = format!("{}: {} [{}]", excerpt.place(), self.message, self.rule);
        let body = excerpt.render_body(false);
        let head = head.replace(['\n', '\r'], " ");
        std::iter::once(head)
            .chain(body.lines().map(str::to_owned))
            .collect()
    }

    /// The same as one text, without a newline at its end.
    pub fn render(&self) -> String {
        self.lines().join("\n")
    }

    /// By file, then place; problems of a whole file come first.
    pub(super) fn order(&self) -> (&str, Option<Span>, &str, &str) {
        (&self.file, self.span, self.rule, &self.message)
    }
}

/// What a rule found, before it is known in which file.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    span: Option<Span>,
    message: String,
    help: Option<String>,
}

impl Finding {
    pub(super) fn at(span: Span, message: impl Into<String>) -> Self {
        Self {
            span: Some(span),
            message: message.into(),
            help: None,
        }
    }

    pub(super) fn whole(message: impl Into<String>) -> Self {
        Self {
            span: None,
            message: message.into(),
            help: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn has_help(&self) -> bool {
        self.help.is_some()
    }

    pub(super) fn into_problem(self, rule: &'static str, file: &str, text: &Arc<str>) -> Problem {
        Problem {
            rule,
            file: file.to_owned(),
            span: self.span,
            message: self.message,
            help: self.help,
            text: Arc::clone(text),
        }
    }
}
