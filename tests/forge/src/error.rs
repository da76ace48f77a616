//! What can go wrong with a test's Gitea.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

/// The result of everything here.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something could not be done.
#[derive(Debug, Error)]
pub enum Error {
    /// A file could not be read, written, made or removed.
    #[error("cannot {what} {path}", path = path.display())]
    File {
        /// What was tried: `read`, `write`, `make`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program could not be started.
    #[error("cannot start {program}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// A program ended badly.
    #[error("{program} ended with {status}:\n{said}")]
    Ended {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
        /// The end of what it said.
        said: String,
    },
    /// Neither the real one nor the stand-in is here.
    #[error("there is neither a Gitea in {place} nor its stand-in", place = place.display())]
    Missing {
        /// Where the real one should be.
        place: PathBuf,
    },
    /// It did not answer in time.
    #[error("{what} did not answer within {seconds} s:\n{said}", seconds = within.as_secs())]
    Deadline {
        /// What was waited for.
        what: String,
        /// For how long.
        within: Duration,
        /// The end of what it said.
        said: String,
    },
    /// No HTTP request could be made.
    #[error("cannot ask {url}: {why}")]
    Request {
        /// What was asked.
        url: String,
        /// Why not, with its causes.
        why: String,
    },
    /// The answer is not the wanted one.
    #[error("{method} {url} answered {status}: {body}")]
    Answer {
        /// How it was asked.
        method: String,
        /// What was asked.
        url: String,
        /// What it answered.
        status: u16,
        /// The beginning of the answer.
        body: String,
    },
    /// The answer is no JSON, or lacks something.
    #[error("the answer of {url} has no {what}")]
    Lacks {
        /// What was asked.
        url: String,
        /// What is missing.
        what: String,
    },
    /// A recipe could not be published.
    #[error(transparent)]
    Catalogue(#[from] stand_ins::catalogue::CatalogueError),
}

impl Error {
    /// What to do about it, when there is something to do.
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
