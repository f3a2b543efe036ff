//! Where the forward part ends, where the rollback block stands, and which notes the file carries.
//!
//! It finds; the rules judge. Comments are the parser's: `-- Rollback:` inside a string opens nothing.

use crate::source::Span;
use squawk_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

/// The line that opens a rollback block.
pub(super) const OPENING: &str = "-- Rollback:";

/// The form of a migration file.
#[derive(Debug)]
pub(super) struct Layout {
    /// From the start to the last byte before the rollback block that is no white space.
    pub(super) forward: Span,
    pub(super) block: Option<Block>,
    /// Further lines that would open a block.
    pub(super) more_openings: Vec<Span>,
    pub(super) notes: Vec<Note>,
    pub(super) rollback_notes: Vec<Note>,
}

/// The rollback block.
#[derive(Debug)]
pub(super) struct Block {
    /// The opening line.
    pub(super) opening: Span,
    /// What follows it, to the last byte that is no white space.
    pub(super) body: Span,
    /// The first line of the body that is no comment.
    pub(super) stray: Option<Span>,
    pub(super) content: Content,
}

/// What a rollback block holds.
#[derive(Debug)]
pub(super) enum Content {
    Empty,
    Sql,
    /// `Irreversible:` or `Nothing to undo:`.
    Reason {
        kind: ReasonKind,
        word: Span,
        reason: String,
        sql: Option<Span>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ReasonKind {
    Irreversible,
    NothingToUndo,
}

/// The words that a comment may open a note with, as they are to be written.
pub(super) const WORDS: [(&str, NoteKind); 5] = [
    ("Data loss:", NoteKind::DataLoss),
    ("Not rerunnable:", NoteKind::NotRerunnable),
    ("Changes nothing:", NoteKind::ChangesNothing),
    ("migrate:", NoteKind::Header),
    ("allow:", NoteKind::Allow),
];

const REASONS: [(&str, ReasonKind); 2] = [
    ("Irreversible:", ReasonKind::Irreversible),
    ("Nothing to undo:", ReasonKind::NothingToUndo),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NoteKind {
    DataLoss,
    NotRerunnable,
    ChangesNothing,
    Header,
    Allow,
}

/// A comment that means something to us.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) kind: NoteKind,
    /// The comment, without its continuation.
    pub(super) span: Span,
    /// The word as it should be written, where it is written otherwise.
    pub(super) misspelt: Option<&'static str>,
    /// In a rollback block without a comment marker of its own, so that it stands among the SQL.
    pub(super) bare: bool,
    /// What follows the word, continuation lines included.
    pub(super) text: String,
}

impl Layout {
    pub(super) fn of(text: &str, root: &SyntaxNode) -> Self {
        let comments = line_comments(root);
        let opening = find_opening(text, root, &comments);
        let is_second = |span: &Span| opening.is_some_and(|first| first.start < span.start);
        let openings = comments
            .iter()
            .copied()
            .filter(|span| span.slice(text) == OPENING && starts_line(text, *span));
        let more_openings = openings.filter(is_second).collect();
        let end = opening.map_or(text.len(), |span| span.start as usize);
        let forward = Span::of(0..text[..end].trim_end().len());
        let before: Vec<Span> = comments
            .into_iter()
            .filter(|span| (span.start as usize) < end)
            .collect();
        let block = opening.map(|opening| Block::of(text, opening));
        let mut layout = Self {
            forward,
            block,
            more_openings,
            notes: notes(text, &before),
            rollback_notes: Vec::new(),
        };
        if let Some(sql) = layout.rollback_sql(text) {
            let root = squawk_syntax::SourceFile::parse(&sql).syntax_node();
            layout.rollback_notes = notes(&sql, &line_comments(&root));
            layout.rollback_notes.extend(layout.bare_notes(text));
        }
        layout
    }

    /// Whether what belongs forward and what belongs back cannot be told apart.
    pub(super) fn is_misshapen(&self) -> bool {
        let stray = self
            .block
            .as_ref()
            .is_some_and(|block| block.stray.is_some());
        stray || !self.more_openings.is_empty()
    }

    /// Notes in the rollback block that lack the comment marker of their own.
    fn bare_notes(&self, text: &str) -> Vec<Note> {
        let body = self
            .block
            .as_ref()
            .map_or(Span::new(0, 0), |block| block.body);
        let said = lines(text, body).map(|line| inner(text, line));
        let note = |span: Span| {
            let (kind, word, _) = note_word(span.slice(text))?;
            let misspelt = Some(word);
            Some(Note {
                kind,
                span,
                misspelt,
                bare: true,
                text: span.slice(text)[word.len()..].trim().to_owned(),
            })
        };
        said.filter_map(note).collect()
    }

    /// The SQL of the rollback block, as long as the file up to its end, so that offsets stay: all before the block is
    /// blank, and so is the comment marker of each line.
    pub(super) fn rollback_sql(&self, text: &str) -> Option<String> {
        let block = self.block.as_ref()?;
        if !matches!(block.content, Content::Sql) {
            return None;
        }
        let body = block.body.range();
        let mut sql: String = text[..body.start]
            .bytes()
            .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
            .collect();
        for line in text[body].split_inclusive('\n') {
            match line.strip_prefix("--") {
                // A note without a comment marker of its own is no SQL; `note-form` says so.
                Some(rest) if note_word(rest.trim()).is_some() => {
                    sql.extend(
                        line.bytes()
                            .map(|byte| if byte == b'\n' { '\n' } else { ' ' }),
                    );
                }
                Some(rest) => {
                    sql.push_str("  ");
                    sql.push_str(rest);
                }
                None => sql.push_str(line),
            }
        }
        Some(sql)
    }
}

/// The comment that opens the rollback block: the opening line, or a reason that stands for the whole block, or else a
/// line that was meant as one of them.
fn find_opening(text: &str, root: &SyntaxNode, comments: &[Span]) -> Option<Span> {
    let lines: Vec<Span> = comments
        .iter()
        .copied()
        .filter(|span| starts_line(text, *span))
        .collect();
    let last = root
        .children()
        .last()
        .map_or(0, |node| usize::from(node.text_range().end()));
    let is_late = |span: &Span| span.start as usize >= last;
    let exact = lines
        .iter()
        .copied()
        .filter(|span| span.slice(text) == OPENING);
    let reasons = lines
        .iter()
        .copied()
        .filter(|span| reason_word(inner(text, *span).slice(text)).is_some());
    let misspelt = lines
        .iter()
        .copied()
        .filter(|span| is_opening(span.slice(text)) && span.slice(text) != OPENING);
    let late_reasons = reasons.clone().filter(is_late);
    if exact.clone().next().is_some() {
        return exact.chain(late_reasons).min();
    }
    let late = misspelt.clone().filter(is_late).chain(late_reasons).min();
    late.or(misspelt.max()).or(reasons.max())
}

impl Block {
    /// Whether the block is nothing but a reason, without an opening line.
    pub(super) fn is_bare_reason(&self) -> bool {
        self.body.start == self.opening.start
    }

    fn of(text: &str, opening: Span) -> Self {
        let is_reason = reason_word(inner(text, opening).slice(text)).is_some();
        let below = text.len().min(opening.end as usize + 1);
        let start = if is_reason {
            opening.start as usize
        } else {
            below
        };
        let end = start + text[start..].trim_end().len();
        let stray = stray_line(text, Span::of(start..end.max(start)));
        let body_end = stray.map_or(end, |stray| {
            start + text[start..stray.start as usize].trim_end().len()
        });
        let body = Span::of(start..body_end);
        Self {
            opening,
            body,
            stray,
            content: content(text, body),
        }
    }
}

fn content(text: &str, body: Span) -> Content {
    let lines: Vec<Span> = lines(text, body).collect();
    let Some(first) = lines.iter().position(|line| !inner(text, *line).is_empty()) else {
        return Content::Empty;
    };
    let word = inner(text, lines[first]);
    let Some((opens, kind)) = reason_word(word.slice(text)) else {
        return Content::Sql;
    };
    let said = lines[first + 1..].iter().map(|line| inner(text, *line));
    let sql = said.clone().find(|line| line.slice(text).ends_with(';'));
    let head = word.slice(text)[opens.len()..].trim();
    let reason = std::iter::once(head)
        .chain(said.map(|line| line.slice(text)))
        .filter(|part| !part.is_empty());
    let reason = reason.collect::<Vec<_>>().join(" ");
    let word = Span::new(
        word.start,
        word.start + u32::try_from(opens.len()).unwrap_or(0),
    );
    Content::Reason {
        kind,
        word,
        reason,
        sql,
    }
}

/// The reason that a comment opens, in whatever letters it is written.
fn reason_word(said: &str) -> Option<(&'static str, ReasonKind)> {
    let opens = |word: &str| {
        said.get(..word.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(word))
    };
    REASONS.iter().copied().find(|(word, _)| opens(word))
}

impl ReasonKind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Irreversible => "Irreversible:",
            Self::NothingToUndo => "Nothing to undo:",
        }
    }
}

/// The first line that is no comment; one that says something rather than an empty one.
fn stray_line(text: &str, body: Span) -> Option<Span> {
    let stray =
        lines(text, body).filter(|line| !body.is_empty() && !line.slice(text).starts_with("--"));
    stray.min_by_key(|line| (line.slice(text).trim().is_empty(), line.start))
}

fn lines(text: &str, span: Span) -> impl Iterator<Item = Span> {
    let mut at = span.start as usize;
    span.slice(text).split('\n').map(move |line| {
        let start = at;
        at += line.len() + 1;
        Span::of(start..start + line.len())
    })
}

/// A comment line without its marker and the white space around.
fn inner(text: &str, line: Span) -> Span {
    let whole = line.slice(text);
    let content = whole.strip_prefix("--").unwrap_or(whole);
    let start = line.start as usize + (whole.len() - content.trim_start().len());
    Span::of(start..start.max(line.start as usize + whole.trim_end().len()))
}

fn line_comments(root: &SyntaxNode) -> Vec<Span> {
    let tokens = root
        .descendants_with_tokens()
        .filter_map(squawk_syntax::SyntaxElement::into_token);
    let comments = tokens
        .filter(|token| token.kind() == SyntaxKind::COMMENT && token.text().starts_with("--"));
    comments
        .map(|token: SyntaxToken| Span::of(token.text_range().into()))
        .collect()
}

fn starts_line(text: &str, span: Span) -> bool {
    span.start == 0 || text.as_bytes()[span.start as usize - 1] == b'\n'
}

/// Whether a comment opens a rollback block, or was meant to.
fn is_opening(comment: &str) -> bool {
    const MEANT: [&str; 11] = [
        "rollback",
        "roll back",
        "rolback",
        "roolback",
        "down",
        "undo",
        "revert",
        "reverse",
        "migrate:down",
        "+goose down",
        "migrate:rollback",
    ];
    let said = comment.trim_start_matches('-').trim().to_lowercase();
    MEANT.iter().any(|word| {
        said.strip_prefix(word)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    })
}

fn notes(text: &str, comments: &[Span]) -> Vec<Note> {
    let mut notes = Vec::new();
    for (at, comment) in comments.iter().enumerate() {
        let said = inner(text, *comment).slice(text);
        let Some((kind, word, misspelt)) = note_word(said) else {
            continue;
        };
        let mut said_so_far = said[word.len()..].trim().to_owned();
        let one_line = kind == NoteKind::Header;
        for next in comments[at..]
            .windows(2)
            .take_while(|pair| !one_line && follows(text, pair[0], pair[1]))
        {
            let more = inner(text, next[1]).slice(text);
            if more.is_empty() || note_word(more).is_some() {
                break;
            }
            if !said_so_far.is_empty() {
                said_so_far.push(' ');
            }
            said_so_far.push_str(more);
        }
        notes.push(Note {
            kind,
            span: *comment,
            misspelt: misspelt.then_some(word),
            bare: false,
            text: said_so_far,
        });
    }
    notes
}

/// The note that a comment opens, and whether its word is written otherwise than it should be.
fn note_word(said: &str) -> Option<(NoteKind, &'static str, bool)> {
    WORDS.iter().find_map(|(word, kind)| {
        let head = said.get(..word.len())?;
        head.eq_ignore_ascii_case(word)
            .then(|| (*kind, *word, head != *word))
    })
}

/// Whether the second comment stands alone on the line right below the first.
fn follows(text: &str, first: Span, second: Span) -> bool {
    let between = &text[first.end as usize..second.start as usize];
    between.matches('\n').count() == 1 && between.trim().is_empty()
}
