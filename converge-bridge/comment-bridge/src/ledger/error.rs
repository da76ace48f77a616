//! Why the ledger refuses, and what helps.

use std::io;
use std::path::PathBuf;

use base::error::{Class, Explain};
use rusqlite::ErrorCode;

use crate::trigger::StateKind;

/// Why the ledger could not be read or written. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `SQLite` says no.
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
        from: StateKind,
        /// What it was to become.
        to: StateKind,
    },
    /// A trigger is no longer what it was thought to be.
    #[error("trigger {comment} is no longer what it was")]
    Changed {
        /// The trigger.
        comment: i64,
    },
    /// Another instance has it open.
    #[error("another instance has the ledger open")]
    Locked,
    /// The file that keeps others away cannot be made.
    #[error("cannot lock the ledger with {}", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It may be read only.
    #[error("the ledger {} can only be read", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// A later comment-bridge wrote it.
    #[error("the ledger is of version {found}, and this comment-bridge knows none after {known}")]
    Newer {
        /// The ledger's version.
        found: usize,
        /// The last one that is known here.
        known: usize,
    },
    /// It is a database, but none of ours.
    #[error("the file is a database, but no ledger")]
    Foreign,
}

impl Error {
    fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sqlite { source, .. } => source.sqlite_error_code(),
            _ => None,
        }
    }
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Transition { .. } => Class::Bug,
            Self::Changed { .. } => Class::Conflict,
            Self::Sqlite { .. } if matches!(self.code(), Some(ErrorCode::DatabaseBusy)) => Class::Transient,
            Self::Sqlite { .. }
            | Self::Locked
            | Self::Lock { .. }
            | Self::ReadOnly { .. }
            | Self::Newer { .. }
            | Self::Foreign => Class::Blocked,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Locked => "one ledger serves one instance: see `docker service ps comment-bridge`, and end the other",
            Self::Lock { .. } | Self::ReadOnly { .. } => {
                "the ledger's directory and its files must belong to the service's user and be writable"
            }
            Self::Newer { .. } => "deploy the comment-bridge that wrote it, or restore a ledger from before it",
            Self::Foreign => "check `ledger` in the configuration",
            Self::Sqlite { source, .. } => match self.code() {
                Some(ErrorCode::DiskFull) => "free space on its file system; it goes on by itself then",
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => UNREADABLE,
                Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                    "the ledger's directory and its files must belong to the service's user and be writable"
                }
                Some(ErrorCode::SystemIoFailure) => "check its file system: free space, and `dmesg` for errors",
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                    "another program holds it, such as sqlite3 with a transaction open: end that one"
                }
                None if is_content(source) => UNREADABLE,
                _ => return None,
            },
            Self::Transition { .. } | Self::Changed { .. } => return None,
        };
        Some(hint.into())
    }
}

const UNREADABLE: &str = "stop the service, move the ledger and its -wal and -shm away, put a backup in its place or \
                          none, and start it again; without a backup, only comments written from then on are taken";

/// Whether a row holds what no comment-bridge writes.
fn is_content(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
    )
}
