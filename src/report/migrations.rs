//! What several reports say about a migration in the same way.

use std::time::Duration;

/// The first column: one word on how it stands. Wide enough for the longest of them.
pub(super) const STATE_WIDTH: usize = 14;

/// Width of the column of names.
pub(super) fn name_width<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(str::len).max().unwrap_or_default()
}

/// A line of a list: two blanks, the word, the name, the rest. Colour does not count as width.
pub(super) fn line(word: &str, painted: &str, name: &str, width: usize, rest: &str) -> String {
    let gap = STATE_WIDTH.saturating_sub(word.len()).max(1);
    let margin = width.saturating_sub(name.chars().count()) + 2;
    row([("  ", 0), (painted, gap), (name, margin), (rest, 0)])
}

/// Cells with so many blanks after each, and none at the end. Lists can be long: without `format!` it costs a third.
pub(super) fn row<const CELLS: usize>(cells: [(&str, usize); CELLS]) -> String {
    let length: usize = cells.iter().map(|(text, gap)| text.len() + gap).sum();
    let mut row = String::with_capacity(length + 1);
    for (text, gap) in cells {
        row.push_str(text);
        row.extend(std::iter::repeat_n(' ', gap));
    }
    row.truncate(row.trim_end().len());
    row.push('\n');
    row
}

/// A duration with the unit that suits it.
pub(super) fn duration(duration: Duration) -> String {
    match duration.as_millis() {
        0 => format!("{} µs", duration.as_micros()),
        millis @ 1..10_000 => format!("{millis} ms"),
        _ => format!("{:.1} s", duration.as_secs_f64()),
    }
}

/// A duration for machines.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
