//! Why the tool did not do what was asked, how it reads, and the exit code.

use super::failure::{self, Failure};
use crate::check::Problem;
use crate::error::exit_code;
use crate::signal::Stopped;

/// Why it was not done.
#[derive(Debug)]
pub(super) enum Error {
    /// An argument is wrong, or a file; with what to do.
    Usage(String),
    /// What the build would say.
    Problems(Vec<Problem>),
    /// Proofs that failed.
    Unproven(Vec<Failure>),
    /// A signal asked for the end.
    Stopped(Stopped),
    /// Anything unforeseen.
    Other(anyhow::Error),
}

impl Error {
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Problems(_) => exit_code::CONFIG,
            Self::Unproven(_) | Self::Other(_) => exit_code::FAILED,
            Self::Stopped(_) => exit_code::STOPPED,
        }
    }

    /// The text for people, with a newline at its end.
    pub(super) fn render(&self) -> String {
        match self {
            Self::Usage(text) => format!("error: {text}\n"),
            Self::Problems(problems) => {
                let texts = problems
                    .iter()
                    .map(|problem| format!("error: {}\n", problem.render()));
                let end =
                    "error: the files are not in order; the lock file is as it was\n".to_owned();
                texts.chain([end]).collect()
            }
            Self::Unproven(failures) => failure::render(failures),
            Self::Stopped(stopped) => {
                format!(
                    "error: stopped by {}; the lock file is as it was\n",
                    stopped.signal
                )
            }
            Self::Other(error) => format!("error: {error:#}\n"),
        }
    }
}

impl From<Stopped> for Error {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}
