//! The result in a few words, for where a container platform looks for it.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use super::error::ErrorReport;
use crate::error::Error;

/// Kubernetes shows up to 4096 bytes of one container and 12 KiB of a pod with all of its containers.
/// <https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/>
const LIMIT: usize = 2048;

/// The last line of a command's result, or the error without what may hold data: excerpts, details and contexts.
pub fn summary(last_line: &str, error: Option<&Error>) -> String {
    let Some(error) = error else {
        return shortened(&format!("{last_line}\n"));
    };
    let report = ErrorReport::new(error);
    let mut text = format!(
        "error (exit code {}): {}\n",
        report.exit_code, report.message
    );
    if let Some(place) = &report.place {
        text.push_str(&format!("place: {place}\n"));
    }
    if let (Some(server), Error::Migration(_)) = (&report.server, error) {
        text.push_str(&format!("server: {server}\n"));
    }
    text.push_str(&format!("state: {}\n", report.state));
    for help in report.help.lines() {
        text.push_str(&format!("help: {help}\n"));
    }
    shortened(&text)
}

/// At most [`LIMIT`] bytes, on a whole character.
fn shortened(text: &str) -> String {
    const MARK: &str = "...\n";
    if text.len() <= LIMIT {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(LIMIT - MARK.len());
    format!("{}{MARK}", &text[..end])
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
