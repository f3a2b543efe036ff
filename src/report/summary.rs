//! The result in a few words, for where a container platform looks for it.

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use super::error::ErrorReport;
use crate::error::Error;

/// Kubernetes shows up to 4096 bytes of one container and 12 KiB of a pod with all of its containers.
/// <https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/>
const LIMIT: usize = 2048;

/// Of these, what the message and the words of the server may take, so that state and help are still there.
const PART: usize = 600;

/// The last line of a command's result, or the error without what may hold data: excerpts, details and contexts.
pub fn summary(last_line: &str, error: Option<&Error>) -> String {
    let Some(error) = error else {
        return shortened(&format!("{last_line}\n"));
    };
    let report = ErrorReport::new(error);
    // That something is pending, the result itself says in more words.
    let message = match error {
        Error::Pending => last_line,
        _ => &report.message,
    };
    let mut text = format!(
        "error (exit code {}): {}\n",
        report.exit_code,
        cut(message, PART)
    );
    if let Some(place) = &report.place {
        text.push_str(&format!("place: {place}\n"));
    }
    if let (Some(server), Error::Migration(_)) = (&report.server, error) {
        text.push_str(&format!("server: {}\n", cut(&server.to_string(), PART)));
    }
    text.push_str(&format!("state: {}\n", report.state));
    for help in report.help.lines() {
        text.push_str(&format!("help: {help}\n"));
    }
    shortened(&text)
}

/// At most [`LIMIT`] bytes, with a newline at the end.
fn shortened(text: &str) -> String {
    format!("{}\n", cut(text.trim_end_matches('\n'), LIMIT - 1))
}

/// At most so many bytes, up to a whole character.
fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    const MARK: &str = "...";
    if text.len() <= limit {
        return text.into();
    }
    let end = text.floor_char_boundary(limit - MARK.len());
    format!("{}{MARK}", &text[..end]).into()
}

/// Writes a summary over what was in the file. Under `/dev`, where the platform puts such a file, none is made.
///
/// # Errors
/// As the operating system says.
pub fn write_summary(path: &str, summary: &str) -> io::Result<()> {
    let is_device = Path::new(path).starts_with("/dev");
    let mut options = OpenOptions::new();
    options.write(true).truncate(true).create(!is_device);
    match options.open(path) {
        Ok(mut file) => file.write_all(summary.as_bytes()),
        Err(error) if is_device && error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
