//! How the differences of two schemas read: a line an object, and what should be there above what is.

use super::Paint;
use super::migrations::STATE_WIDTH;
use crate::schema::Difference;

/// Each with a newline at its end.
pub(super) fn listed(differences: &[Difference], paint: Paint) -> String {
    let text = differences.iter().map(|difference| match difference {
        Difference::Absent { object, expected } => {
            head("absent", object, paint) + &body("expected", expected)
        }
        Difference::Extra { object, found } => head("extra", object, paint) + &body("found", found),
        Difference::Different {
            object,
            expected,
            found,
        } => head("different", object, paint) + &body("expected", expected) + &body("found", found),
    });
    text.collect()
}

fn head(word: &str, object: &str, paint: Paint) -> String {
    let gap = " ".repeat(STATE_WIDTH - word.len());
    format!("  {}{gap}{object}\n", paint.bad(word))
}

/// A definition; that of a function has several lines.
fn body(word: &str, definition: &str) -> String {
    let mut words = std::iter::once(word).chain(std::iter::repeat(""));
    let lines = definition.lines().map(|line| {
        let word = words.next().unwrap_or_default();
        format!("{}\n", format!("    {word:STATE_WIDTH$}{line}").trim_end())
    });
    lines.collect()
}
