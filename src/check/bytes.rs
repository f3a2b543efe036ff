//! Rules about the bytes of a file, before anything is parsed.

use super::file::File;
use super::problem::Finding;
use crate::source::Span;

pub(super) fn utf_8(bytes: &[u8]) -> Vec<Finding> {
    let Err(error) = std::str::from_utf8(bytes) else {
        return Vec::new();
    };
    let start = error.valid_up_to();
    // The excerpt shows the replacement character, which is three bytes long, in the place of the bad bytes.
    let end = bytes.len().min(start + error.error_len().unwrap_or(1));
    let message = format!("byte 0x{:02X} is not UTF-8", bytes[start]);
    vec![Finding::at(Span::of(start..end), message).help("save the file as UTF-8")]
}

pub(super) fn byte_order_mark(bytes: &[u8]) -> Vec<Finding> {
    if !bytes.starts_with(b"\xef\xbb\xbf") {
        return Vec::new();
    }
    vec![
        Finding::at(Span::new(0, 3), "the file begins with a byte order mark")
            .help("save the file as UTF-8 without BOM"),
    ]
}

pub(super) fn carriage_return(bytes: &[u8]) -> Vec<Finding> {
    let message = "the line ends with a carriage return";
    first(
        bytes,
        b'\r',
        message,
        "save the file with LF line ends; `.gitattributes` keeps them so",
    )
}

pub(super) fn nul_byte(bytes: &[u8]) -> Vec<Finding> {
    first(
        bytes,
        b'\0',
        "a NUL byte, which PostgreSQL refuses",
        "delete it",
    )
}

/// The first one says enough: where there is one carriage return, there is one on every line.
fn first(bytes: &[u8], wanted: u8, message: &str, help: &str) -> Vec<Finding> {
    let at = bytes.iter().position(|byte| *byte == wanted);
    at.map(|at| Finding::at(Span::of(at..at + 1), message).help(help))
        .into_iter()
        .collect()
}

/// How deep brackets may be nested. PostgreSQL runs out of stack somewhat later, and so would the parser here.
const DEEPEST: usize = 500;

pub(super) fn nesting(bytes: &[u8]) -> Vec<Finding> {
    let mut depth = 0_usize;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            // Whatever was open in a string or a comment, the statement ends here or near.
            b';' => depth = 0,
            _ => {}
        }
        if depth > DEEPEST {
            let message = format!("more than {DEEPEST} brackets are open here");
            return vec![
                Finding::at(Span::of(at..at + 1), message)
                    .help("close them, or write it in smaller pieces"),
            ];
        }
    }
    Vec::new()
}

/// Whether the parser would have to go deeper than it may.
pub(super) fn is_too_deep(bytes: &[u8]) -> bool {
    !nesting(bytes).is_empty()
}

pub(super) fn final_newline(file: &File<'_>) -> Vec<Finding> {
    let text = file.text;
    let content = text.trim_end_matches('\n').len();
    let finding = match text.len() - content {
        1 => return Vec::new(),
        // An empty file is told that it has no statement.
        _ if content == 0 => return Vec::new(),
        0 => {
            let end = Span::of(content..content);
            Finding::at(end, "the file does not end with a newline")
                .help("add a newline after the last line")
        }
        more => {
            let surplus = Span::of(content + 1..content + 1);
            let message = format!("the file ends with {more} newlines");
            Finding::at(surplus, message).help("delete the empty lines at the end")
        }
    };
    vec![finding]
}
