//! A range of bytes in a file, and the line and column a person would call it.

use serde::{Deserialize, Serialize};

/// Bytes `start..end` of a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

impl Span {
    /// The bytes `start..end`; `end` is never before `start`.
    pub const fn new(start: u32, end: u32) -> Self {
        let end = if end < start { start } else { end };
        Self { start, end }
    }

    /// The same from `usize`; a place beyond 4 GiB, where no migration reaches, becomes the last one that fits.
    pub fn of(range: std::ops::Range<usize>) -> Self {
        let fit = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self::new(fit(range.start), fit(range.end))
    }

    /// As a range that slices.
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// How many bytes it covers.
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether it covers nothing and is only a place.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The text it covers; shortened to what lies inside the text, on whole characters.
    pub fn slice(self, text: &str) -> &str {
        &text[self.snap(text).range()]
    }

    /// The nearest span that lies inside the text and cuts no character in two.
    #[must_use]
    pub fn snap(self, text: &str) -> Self {
        let start = text.floor_char_boundary(self.start as usize);
        let end = text.ceil_char_boundary(self.end as usize);
        Self::of(start..end)
    }
}

/// Where a byte stands, as an editor counts: both from 1, the column in characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Location {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl Location {
    /// The place of a byte; one beyond the end is the end.
    pub fn of(text: &str, offset: u32) -> Self {
        let offset = text.floor_char_boundary(offset as usize);
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl std::fmt::Display for Location {
    /// Prints `7:12`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}
