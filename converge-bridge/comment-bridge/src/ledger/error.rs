//! Errors of the ledger, with hints.

use std::io;
use std::path::PathBuf;

use base::error::{Class, Explain};
use rusqlite::ErrorCode;

use crate::trigger::StateKind;

/// Error of the ledger. A failed call has changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `SQLite` failed.
    #[error("cannot {what} the ledger")]
    Sqlite {
        /// The operation: `read`, `write` or `open`.
        what: &'static str,
        /// The cause.
        source: rusqlite::Error,
    },
    /// A trigger may not change between these states.
    #[error("trigger {comment} is {from:?} and cannot become {to:?}")]
    Transition {
        /// The trigger's comment.
        comment: i64,
        /// The present kind of state.
        from: StateKind,
        /// The wanted kind of state.
        to: StateKind,
    },
    /// Another task changed the trigger.
    #[error("trigger {comment} was changed meanwhile")]
    Changed {
        /// The trigger's comment.
        comment: i64,
    },
    /// Another instance has the ledger open.
    #[error("another instance has the ledger open")]
    Locked,
    /// The lock file cannot be created.
    #[error("cannot lock the ledger with {}", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is read-only.
    #[error("the ledger {} is read-only", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// A newer comment-bridge wrote the ledger.
    #[error("the ledger has version {found}; this comment-bridge knows versions up to {known}")]
    Newer {
        /// The ledger's version.
        found: usize,
        /// The newest version that is known here.
        known: usize,
    },
    /// The file is a database of another program.
    #[error("the file is a database, but not a ledger")]
    Foreign,
}

impl Error {
    fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sqlite { source: rusqlite::Error::SqlInputError { error, .. }, .. } => Some(error.code),
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
            Self::Locked => {
                "one ledger serves one instance: see `docker service ps comment-bridge`, and stop the other one"
            }
            Self::Lock { .. } | Self::ReadOnly { .. } => {
                "the ledger's directory and its files must belong to the service's user and be writable"
            }
            Self::Newer { .. } => "deploy the comment-bridge that wrote it, or restore a ledger from before it",
            Self::Foreign => "check `ledger` in the configuration",
            Self::Sqlite { source, .. } => match self.code() {
                Some(ErrorCode::DiskFull) => "free space on its file system; the bridge continues by itself",
                // The statements are fixed, so only a damaged file can make them fail like this.
                Some(
                    ErrorCode::NotADatabase
                    | ErrorCode::DatabaseCorrupt
                    | ErrorCode::Unknown
                    | ErrorCode::InternalMalfunction
                    | ErrorCode::SchemaChanged
                    | ErrorCode::TooBig
                    | ErrorCode::ConstraintViolation
                    | ErrorCode::TypeMismatch,
                ) => UNREADABLE,
                Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                    "the ledger's directory and its files must belong to the service's user and be writable"
                }
                Some(ErrorCode::SystemIoFailure) => "check its file system: free space, and `dmesg` for errors",
                Some(ErrorCode::OutOfMemory) => "free memory on the machine; the bridge continues by itself",
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
                    "another program has locked it, such as sqlite3 with an open transaction: stop that program"
                }
                None if is_content(source) => UNREADABLE,
                _ => return None,
            },
            Self::Transition { .. } | Self::Changed { .. } => return None,
        };
        Some(hint.into())
    }
}

const UNREADABLE: &str = "stop the service, move the ledger with its -wal and -shm away, restore a backup if there is one, \
                          and start the service again; without a backup, only later comments count";

/// True for a row that comment-bridge did not write, or that is missing.
fn is_content(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::QueryReturnedNoRows
    )
}
