//! What can go wrong with a lab, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

/// The result of everything a lab does.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a lab could not do something.
#[derive(Debug, Error)]
pub enum Error {
    /// A file could not be read, written, made or removed.
    #[error("cannot {what} {path}", path = path.display())]
    File {
        /// What was tried: `read`, `write`, `remove`.
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
    #[error("`{command}` ended with {status}{said}", said = indented(said))]
    Command {
        /// The words of the command.
        command: String,
        /// How it ended.
        status: String,
        /// The end of what it said.
        said: String,
    },
    /// A system call failed.
    #[error("cannot {what}")]
    System {
        /// What was tried.
        what: String,
        /// What the system said.
        source: nix::Error,
    },
    /// Something the lab needs is not there yet.
    #[error("{what} is missing: {path}", path = path.display())]
    Missing {
        /// What it is.
        what: String,
        /// Where it should be.
        path: PathBuf,
        /// What makes it.
        hint: String,
    },
    /// The caller asked for something that makes no sense.
    #[error("{what}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to do.
        hint: String,
    },
    /// No lab of this name runs.
    #[error("lab `{name}` is not running")]
    NotRunning {
        /// The lab's name.
        name: String,
    },
    /// The lab's machine went off while it was booting.
    #[error("lab `{name}` ended instead of booting{console}", console = indented(console))]
    Ended {
        /// The lab's name.
        name: String,
        /// What it said.
        console: String,
    },
    /// A lab of this name runs already.
    #[error("lab `{name}` is running already")]
    Running {
        /// The lab's name.
        name: String,
    },
    /// Something did not happen in time.
    #[error("{what} did not happen within {seconds} s{last}", seconds = within.as_secs(), last = indented(last))]
    Deadline {
        /// What was waited for.
        what: String,
        /// For how long.
        within: Duration,
        /// What was seen last.
        last: String,
    },
    /// The configuration's own assertions do not hold.
    #[error("the lab's configuration does not hold:{list}", list = indented(&messages.join("\n")))]
    Assertions {
        /// The failed assertions.
        messages: Vec<String>,
    },
    /// A switch left units failed: the same as exit code 4 of a real one.
    #[error("the switch left units failed: {units}{status}", units = units.join(", "), status = indented(status))]
    UnitsFailed {
        /// The failed units.
        units: Vec<String>,
        /// What `systemctl status` says about them.
        status: String,
    },
    /// What a program answered could not be read.
    #[error("cannot read the answer of {what}")]
    Answer {
        /// Who answered.
        what: String,
        /// Why.
        source: serde_json::Error,
    },
    /// An image could not be built.
    #[error(transparent)]
    Image(#[from] dockerd::image::ImageError),
    /// A recipe could not be published.
    #[error(transparent)]
    Catalogue(#[from] stand_ins::catalogue::CatalogueError),
    /// Gitea could not be filled or asked.
    #[error(transparent)]
    Gitea(#[from] forge::Error),
    /// A certificate could not be made.
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
}

impl Error {
    /// What to do about it, when there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { hint, .. } | Self::Usage { hint, .. } => Some(hint.clone()),
            Self::Gitea(error) => error.hint().map(str::to_owned),
            Self::NotRunning { name } => Some(format!("start it with `lab up --name {name}`")),
            Self::Running { name } => Some(format!("end it with `lab down --name {name}`, or choose another --name")),
            Self::UnitsFailed { units, .. } => {
                Some(format!("`lab exec -- journalctl -b -u {}` has the whole story", units.join(" -u ")))
            }
            _ => None,
        }
    }

    /// The exit code of the program `lab`; 4 is what a real switch ends with when units failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } => 2,
            Self::UnitsFailed { .. } => 4,
            _ => 1,
        }
    }

    pub(crate) fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { what, path, source }
    }

    pub(crate) fn system(what: impl Into<String>) -> impl FnOnce(nix::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }
}

/// The lines of a text, each on a line of its own below what stands before.
fn indented(text: &str) -> String {
    text.trim().lines().fold(String::new(), |all, line| all + "\n    " + line)
}
