//! Draws one message beside the line it speaks of.
//!
//! It decides nothing: what is wrong, and where, comes from the caller.

use super::span::{Location, Span};
use annotate_snippets::{
    AnnotationKind, Element, Group, Level, Origin, Padding, Renderer, Snippet,
};

/// A remark under the source line, with the word that opens it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// `help`, `note`, `hint`, `detail`, ...
    pub kind: &'static str,
    /// What it says; it may have several lines.
    pub text: String,
}

impl Note {
    /// What to change.
    pub fn help(text: impl Into<String>) -> Self {
        Self::new("help", text)
    }

    /// A remark of another kind.
    pub fn new(kind: &'static str, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }
}

/// One message about one place in one file.
#[derive(Clone, Debug)]
pub struct Excerpt<'a> {
    /// The first line, after `error: `.
    pub title: &'a str,
    /// The file, as the reader can open it.
    pub path: &'a str,
    /// What is in the file.
    pub text: &'a str,
    /// Where in it; `None` speaks of the file as a whole.
    pub span: Option<Span>,
    /// Stands beside the caret; may be empty.
    pub label: &'a str,
    /// Stand below the line.
    pub notes: &'a [Note],
}

impl Excerpt<'_> {
    /// The whole message: title, `--> path:line:column`, the line, the caret, the notes.
    pub fn render(&self, color: bool) -> String {
        let title = one_line(self.title);
        let group = Group::with_title(Level::ERROR.primary_title(title.as_str()));
        match self.span {
            Some(_) => self.draw(group, Some(one_line(self.path)), color),
            None => self.draw(
                group.element(Origin::path(one_line(self.path))),
                None,
                color,
            ),
        }
    }

    /// The same without title and path, for output that has said both: the line, the caret, the notes.
    pub fn render_body(&self, color: bool) -> String {
        if self.span.is_none() && self.notes.is_empty() {
            return String::new();
        }
        self.draw(Group::with_level(Level::ERROR), None, color)
    }

    /// `path:line:column`, or the path alone.
    pub fn place(&self) -> String {
        let path = one_line(self.path);
        match self.location() {
            Some(location) => format!("{path}:{location}"),
            None => path,
        }
    }

    /// Line and column of the span.
    pub fn location(&self) -> Option<Location> {
        self.span.map(|span| Location::of(self.text, span.start))
    }

    /// `path` stands above the line, with its number and the column; what is rendered has said both where it is `None`.
    fn draw<'b>(&'b self, mut group: Group<'b>, path: Option<String>, color: bool) -> String {
        let notes: Vec<Element<'b>> = self.notes.iter().map(note).collect();
        if let Some(line) = self.span.map(|span| Line::of(self.text, span)) {
            let mut annotation = AnnotationKind::Primary.span(line.mark.clone());
            if !self.label.is_empty() {
                annotation = annotation.label(one_line(self.label));
            }
            let snippet = Snippet::source(line.text)
                .path(path)
                .line_start(line.number)
                .annotation(annotation);
            group = group.element(snippet);
            if !notes.is_empty() {
                group = group.element(Padding);
            }
        }
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let drawn = renderer.render(&[group.elements(notes)]);
        drawn
            .lines()
            .map(str::trim_end)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn note(note: &Note) -> Element<'_> {
    let level = match note.kind {
        "help" | "hint" => Level::HELP,
        _ => Level::NOTE,
    };
    let lines: Vec<String> = note.text.lines().map(one_line).collect();
    level.with_name(note.kind).message(lines.join("\n")).into()
}

/// The one line that is shown, and the bytes of it to mark.
struct Line {
    number: usize,
    text: String,
    mark: std::ops::Range<usize>,
}

impl Line {
    /// A span over several lines shows its first one. Only that line reaches the renderer, every character that moves a
    /// cursor replaced: the renderer splits lines and measures widths in its own way, and is not asked to.
    fn of(text: &str, span: Span) -> Self {
        let span = span.snap(text).range();
        let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[span.start..]
            .find('\n')
            .map_or(text.len(), |at| span.start + at);
        let before = visible(&text[start..span.start]);
        let marked = visible(&text[span.start..span.end.min(end)]);
        let after = visible(&text[span.end.min(end)..end]);
        let mark = before.len()..before.len() + marked.len();
        Self {
            number: Location::of(text, Span::of(span).start).line,
            text: before + &marked + after.trim_end(),
            mark,
        }
    }
}

/// A text of one line, whatever was in it.
fn one_line(text: &str) -> String {
    visible(text.trim())
}

/// Each control character as a picture of itself, or as `\u{FFFD}`; a tab stays, the renderer knows its width.
fn visible(text: &str) -> String {
    text.chars().map(picture).collect()
}

fn picture(c: char) -> char {
    match c {
        '\t' => c,
        '\n' => ' ',
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\x7f' => '\u{2421}',
        // Direction marks, joiners and the byte order mark: invisible, or able to reorder the rest of the line.
        '\u{80}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}
