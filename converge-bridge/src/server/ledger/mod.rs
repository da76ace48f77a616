//! The ledger: everything that must outlive a crash, in SQLite.

use std::path::Path;
use std::sync::Mutex;

use jiff::Timestamp;

use super::names::Pull;
use super::trigger::{Command, Kind, State, Trigger};

/// Why the ledger could not be read or written. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite says no.
    #[error("cannot {what} the ledger")]
    Sqlite {
        /// What was tried: `read`, `write`, `open`.
        what: &'static str,
        /// Why not.
        source: rusqlite::Error,
    },
    /// A trigger cannot become what it was to become.
    #[error("trigger {comment} is {from:?} and cannot become {to:?}")]
    Transition {
        /// The trigger.
        comment: i64,
        /// What it is.
        from: Kind,
        /// What it was to become.
        to: Kind,
    },
    /// Another instance has it open.
    #[error("another instance has the ledger open")]
    Locked,
}

/// The ledger.
#[derive(Debug)]
pub struct Ledger {
    #[allow(dead_code, reason = "about to be")]
    connection: Mutex<rusqlite::Connection>,
}

/// How far a source has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Gitea's time when the source was first read: what is older never fires.
    pub baseline: Timestamp,
    /// Gitea's time at the last whole reading.
    pub read: Timestamp,
}

/// A comment that was found, before it is a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The comment's id.
    pub comment: i64,
    /// On which pull request.
    pub pull: Pull,
    /// Who wrote it.
    pub author: String,
    /// What it asks for.
    pub command: Command,
    /// When it was written, by Gitea's clock.
    pub created: Timestamp,
}

/// What a pull request looked like when its comments were last read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Its `updated_at`.
    pub updated: Timestamp,
    /// How many comments it had.
    pub comments: i64,
    /// Gitea's time when they were read.
    pub read: Timestamp,
}

/// What was said on a pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The id of our comment.
    pub comment: Option<i64>,
    /// A hash of what it says.
    pub hash: Option<String>,
    /// A hash of the commit status that was set, with its commit.
    pub status: Option<String>,
}

// The interface; bodies are to come.
#[allow(clippy::missing_errors_doc, clippy::unused_self, unused_variables, reason = "bodies are to come")]
impl Ledger {
    /// Opens the ledger at `path` (made when it is not there), alone: waits up to `patience` for another instance to end.
    pub fn open(path: &Path, patience: std::time::Duration) -> Result<Self, Error> {
        Self::of(rusqlite::Connection::open(path).map_err(|source| Error::Sqlite { what: "open", source })?)
    }

    /// A ledger on an open connection, brought to the present schema: what tests keep in memory.
    pub fn of(connection: rusqlite::Connection) -> Result<Self, Error> {
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// How far a source (`org:<name>` or `repo:<owner/name>`) has been read; `None` before the first time.
    pub fn cursor(&self, source: &str) -> Result<Option<Cursor>, Error> {
        Ok(None)
    }

    /// Writes down how far a source has been read.
    pub fn move_cursor(&self, source: &str, cursor: Cursor) -> Result<(), Error> {
        Ok(())
    }

    /// What a pull request looked like when its comments were last read.
    pub fn reading(&self, pull: &Pull) -> Result<Option<Reading>, Error> {
        Ok(None)
    }

    /// Writes down triggers (as `Seen`; known comments are left as they are) and the reading they came with, at once.
    /// Says how many were new.
    pub fn see(&self, found: &[Found], reading: Option<(&Pull, Reading)>, now: Timestamp) -> Result<usize, Error> {
        Ok(0)
    }

    /// The trigger of a comment.
    pub fn trigger(&self, comment: i64) -> Result<Option<Trigger>, Error> {
        Ok(None)
    }

    /// All triggers of these kinds, lowest comment first. Only ever asked for kinds that are no ends.
    pub fn of_kinds(&self, kinds: &[Kind]) -> Result<Vec<Trigger>, Error> {
        Ok(Vec::new())
    }

    /// The newest triggers of a pull request, newest first.
    pub fn of_pull(&self, pull: &Pull, most: usize) -> Result<Vec<Trigger>, Error> {
        Ok(Vec::new())
    }

    /// The trigger in its next state, its trouble gone; its pull request has something to say then. Refused when the
    /// transition is none, or when the trigger is no longer as `trigger` says.
    pub fn advance(&self, trigger: &Trigger, next: State, now: Timestamp) -> Result<Trigger, Error> {
        Ok(trigger.clone())
    }

    /// What stands in the way of a trigger; its pull request has something to say when that is news.
    pub fn trouble(&self, comment: i64, trouble: Option<&str>) -> Result<(), Error> {
        Ok(())
    }

    /// Pull requests that have something to say, each with a number that changes when there is more.
    pub fn unsaid(&self) -> Result<Vec<(Pull, i64)>, Error> {
        Ok(Vec::new())
    }

    /// Marks a pull request as having something to say.
    pub fn unsay(&self, pull: &Pull) -> Result<(), Error> {
        Ok(())
    }

    /// What was said on a pull request.
    pub fn said(&self, pull: &Pull) -> Result<Said, Error> {
        Ok(Said::default())
    }

    /// Writes down what was said. With `until`, the pull request has nothing more to say, unless there is more since.
    pub fn say(&self, pull: &Pull, said: &Said, until: Option<i64>) -> Result<(), Error> {
        Ok(())
    }

    /// How many triggers there are of each kind.
    pub fn counts(&self) -> Result<Vec<(Kind, i64)>, Error> {
        Ok(Vec::new())
    }

    /// The newest triggers of all, newest first.
    pub fn newest(&self, most: usize) -> Result<Vec<Trigger>, Error> {
        Ok(Vec::new())
    }

    /// Whether it can be written to at present.
    pub fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}
