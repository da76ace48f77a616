//! Errors of a test's Gitea, with hints.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

/// Result of every function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Error of a test's Gitea.
#[derive(Debug, Error)]
pub enum Error {
    /// A file cannot be read, written, made or removed.
    #[error("cannot {what} {path}", path = path.display())]
    File {
        /// Action: `read`, `write`, `make`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
    /// A program cannot be started.
    #[error("cannot start {program}")]
    Start {
        /// The program.
        program: String,
        /// Error of the system.
        source: io::Error,
    },
    /// A program failed.
    #[error("{program} ended with {status}:\n{said}")]
    Ended {
        /// The program.
        program: String,
        /// Exit status.
        status: String,
        /// The end of the output.
        said: String,
    },
    /// Neither the real Gitea nor the stand-in is available.
    #[error("there is neither a Gitea in {place} nor its stand-in", place = place.display())]
    Missing {
        /// Expected path of the real one.
        place: PathBuf,
    },
    /// No answer before the deadline.
    #[error("{what} did not answer within {seconds} s:\n{said}", seconds = within.as_secs())]
    Deadline {
        /// Expected event.
        what: String,
        /// Duration of the wait.
        within: Duration,
        /// The end of the output.
        said: String,
    },
    /// An HTTP request cannot be sent.
    #[error("cannot ask {url}: {why}")]
    Request {
        /// URL of the request.
        url: String,
        /// Cause, with the causes of the cause.
        why: String,
    },
    /// The answer has another status than expected.
    #[error("{method} {url} answered {status}: {body}")]
    Answer {
        /// HTTP method.
        method: String,
        /// URL of the request.
        url: String,
        /// Status of the answer.
        status: u16,
        /// The beginning of the body.
        body: String,
    },
    /// The answer is no JSON, or lacks a field.
    #[error("the answer of {url} has no {what}")]
    Lacks {
        /// URL of the request.
        url: String,
        /// Missing field.
        what: String,
    },
    /// A recipe cannot be published.
    #[error(transparent)]
    Catalogue(#[from] stand_ins::catalogue::CatalogueError),
}

impl Error {
    /// The remedy, if there is one.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Missing { .. } => {
                Some("`cargo run -p lab -- setup` builds the real one, `cargo build -p stand-ins` the stand-in")
            }
            _ => None,
        }
    }

    pub(crate) fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { what, path, source }
    }

    pub(crate) fn start(program: &str) -> impl FnOnce(io::Error) -> Self {
        let program = program.to_owned();
        move |source| Self::Start { program, source }
    }
}
