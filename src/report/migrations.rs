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
    let gap = " ".repeat(STATE_WIDTH.saturating_sub(word.len()).max(1));
    let line = format!("  {painted}{gap}{name:width$}  {rest}");
    format!("{}\n", line.trim_end())
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
