//! The git program: a recipe's clone, its tags and their files.

mod damage;
mod objects;
mod remote;
mod tags;

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use tokio::process::Command;

use crate::program;
use crate::program::Failure;
use base::error::{Class, Explain};

pub use objects::Object;
pub use tags::Moved;
#[cfg(test)]
use tags::Tag;

/// The variables that git inherits: paths of programs, proxies and certificate authorities.
const KEPT: [&str; 12] = [
    "PATH",
    "HOME",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
    "ALL_PROXY",
    "GIT_SSL_CAINFO",
    "NIX_SSL_CERT_FILE",
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
];

/// A clone.
#[derive(Debug, Clone)]
pub struct Git {
    directory: PathBuf,
    deadline: Duration,
}

/// The reason why a command of git failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program failed.
    #[error("git could not {what}")]
    Program {
        /// The task: `fetch from https://…`.
        what: String,
        /// True if the command talks to another machine.
        remote: bool,
        /// How it failed.
        source: Failure,
    },
    /// A file or directory of the clone could not be handled.
    #[error("cannot {what}")]
    Files {
        /// The action: `read`, `write`.
        what: String,
        /// The error.
        source: io::Error,
    },
    /// The clone has lost a part, so a new one must replace it.
    #[error("the clone is damaged: {0}")]
    Damaged(String),
    /// The output was not understood.
    #[error("git answered unexpectedly when asked to {0}")]
    Unexpected(String),
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Program { source: Failure::Absent(_), .. } | Self::Files { .. } => Class::Blocked,
            Self::Program { remote: true, source: Failure::Exit { .. }, .. } => Class::Transient,
            Self::Program { .. } | Self::Damaged(_) => Class::Failed,
            Self::Unexpected(_) => Class::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Program { source: Failure::Absent(_), .. } => {
                Some("install git and put it into the unit's path".into())
            }
            Self::Program { remote: true, .. } => Some(
                "is the address right, and can this host reach it without a password? `git ls-remote` shows".into(),
            ),
            Self::Files { .. } => Some("check the permissions and the free space of that directory".into()),
            Self::Program { .. } | Self::Damaged(_) | Self::Unexpected(_) => None,
        }
    }
}

impl Git {
    /// The clone in `directory`; every call ends within `deadline`.
    pub fn new(directory: impl Into<PathBuf>, deadline: Duration) -> Self {
        Self { directory: directory.into(), deadline }
    }

    /// True if the clone exists.
    pub fn exists(&self) -> bool {
        self.directory.join(".git").exists()
    }

    /// Where the clone came from.
    pub async fn origin(&self) -> Result<Option<String>, Error> {
        let mut command = self.command();
        command.args(["config", "--default", "", "--get", "remote.origin.url"]);
        let text = self.text(command, "read its origin").await?;
        Ok(Some(text.trim().to_owned()).filter(|url| !url.is_empty()))
    }

    /// Returns the differences from the commit that is checked out, one line for each file; empty for a clean tree.
    pub async fn differences(&self) -> Result<Vec<String>, Error> {
        let mut command = self.command();
        command.args(["status", "--porcelain", "--untracked-files=normal"]);
        let text = self.text(command, "compare the tree with its commit").await?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Checks out `commit`, a hash.
    pub async fn check_out(&self, commit: &str) -> Result<(), Error> {
        let mut command = self.command();
        command.args(["checkout", "--quiet", "--detach", commit]);
        self.run(command, &[], format!("check out {commit}"), false).await.map(drop)
    }

    fn command(&self) -> Command {
        Self::command_in(&self.directory)
    }

    fn command_in(directory: &Path) -> Command {
        let mut command = program::clean_command("git", &KEPT);
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
        // A damaged clone must not pass for the repository of a directory above it.
        command.env("GIT_CEILING_DIRECTORIES", directory.parent().unwrap_or(directory));
        command.arg("-C").arg(directory);
        // The clone may belong to another user than the one we run as.
        let mut safe = OsStr::new("safe.directory=").to_os_string();
        safe.push(directory);
        command.arg("-c").arg(safe);
        command.args(["-c", "core.hooksPath=/dev/null", "-c", "credential.helper=", "-c", "core.askPass=true"]);
        command.args(["-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.quotePath=false"]);
        command
    }

    async fn text(&self, command: Command, what: &str) -> Result<String, Error> {
        let output = self.run(command, &[], what.into(), false).await?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    async fn run(&self, command: Command, input: &[u8], what: String, remote: bool) -> Result<Output, Error> {
        let failed = |source| Error::Program { what, remote, source };
        program::output(command, input, self.deadline).await.map_err(failed)
    }
}

#[cfg(test)]
mod tests;
