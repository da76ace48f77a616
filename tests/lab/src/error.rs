//! Errors of a lab, with hints.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base::error::Explain;
use thiserror::Error;

/// Result of every function of the lab.
pub type Result<T> = std::result::Result<T, Error>;

/// Error of a lab.
#[derive(Debug, Error)]
pub enum Error {
    /// A file cannot be read, written, made or removed.
    #[error("cannot {what} {path}", path = path.display())]
    File {
        /// Action: `read`, `write`, `remove`.
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
    #[error("`{command}` ended with {status}{said}", said = indented(said))]
    Command {
        /// The command line.
        command: String,
        /// Exit status.
        status: String,
        /// The end of the output.
        said: String,
    },
    /// A system call failed.
    #[error("cannot {what}")]
    System {
        /// Action.
        what: String,
        /// Error of the system.
        source: nix::Error,
    },
    /// A requirement of the lab is missing.
    #[error("{what} is missing: {path}", path = path.display())]
    Missing {
        /// Missing object.
        what: String,
        /// Expected path.
        path: PathBuf,
        /// Command that creates it.
        hint: String,
    },
    /// A wrong argument of the caller.
    #[error("{what}")]
    Usage {
        /// The error.
        what: String,
        /// The remedy.
        hint: String,
    },
    /// No lab of this name runs.
    #[error("lab `{name}` is not running")]
    NotRunning {
        /// The lab's name.
        name: String,
    },
    /// The lab's machine ended during its boot.
    #[error("lab `{name}` ended instead of booting{console}", console = indented(console))]
    Ended {
        /// The lab's name.
        name: String,
        /// Output of the console.
        console: String,
    },
    /// A lab of this name runs already.
    #[error("lab `{name}` is running already")]
    Running {
        /// The lab's name.
        name: String,
    },
    /// A condition did not hold before the deadline.
    #[error("{what} did not happen within {seconds} s{last}", seconds = within.as_secs(), last = indented(last))]
    Deadline {
        /// The condition.
        what: String,
        /// Duration of the wait.
        within: Duration,
        /// The last state that was seen.
        last: String,
    },
    /// Assertions of the configuration failed.
    #[error("the lab's configuration does not hold:{list}", list = indented(&messages.join("\n")))]
    Assertions {
        /// The failed assertions.
        messages: Vec<String>,
    },
    /// Units failed in a switch: exit code 4, like the real one.
    #[error("the switch left units failed: {units}{status}", units = units.join(", "), status = indented(status))]
    UnitsFailed {
        /// The failed units.
        units: Vec<String>,
        /// Output of `systemctl status` for them.
        status: String,
    },
    /// A program's answer cannot be parsed.
    #[error("cannot read the answer of {what}")]
    Answer {
        /// The program.
        what: String,
        /// The error of the parser.
        source: serde_json::Error,
    },
    /// Another command held a lock for too long, or a lock cannot be opened.
    #[error(transparent)]
    Lock(#[from] base::lock::Error),
    /// An image cannot be built.
    #[error(transparent)]
    Image(#[from] dockerd::image::ImageError),
    /// A recipe cannot be published.
    #[error(transparent)]
    Catalogue(#[from] stand_ins::catalogue::CatalogueError),
    /// Gitea cannot be filled or asked.
    #[error(transparent)]
    Gitea(#[from] forge::Error),
    /// A certificate cannot be made.
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
}

impl Error {
    /// The remedy, if there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { hint, .. } | Self::Usage { hint, .. } => Some(hint.clone()),
            Self::Lock(error) => error.hint(),
            Self::Gitea(error) => error.hint().map(str::to_owned),
            Self::NotRunning { name } => Some(format!("start it with `lab up --name {name}`")),
            Self::Running { name } => Some(format!("end it with `lab down --name {name}`, or choose another --name")),
            Self::UnitsFailed { units, .. } => {
                Some(format!("`lab exec -- journalctl -b -u {}` has the whole story", units.join(" -u ")))
            }
            _ => None,
        }
    }

    /// The exit code of the program `lab`; 4 is the code of a real switch with failed units.
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

/// The lines of a text, indented, each on its own line.
fn indented(text: &str) -> String {
    text.trim().lines().fold(String::new(), |all, line| all + "\n    " + line)
}
