//! The ledger: everything that must outlive a crash, in `SQLite`.
//!
//! Whatever returns `Ok` is on the disk. Whatever returns an error changed nothing.

mod error;
mod pulls;
mod schema;
mod sources;
#[cfg(test)]
mod tests;
mod triggers;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::lock::{Error as LockError, Lock};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

pub use error::Error;
pub use pulls::{PullRecord, Reading};
pub use sources::Cursor;
pub use triggers::Found;

/// For a reader such as `sqlite3` that holds it for a moment; nobody else writes.
const BUSY: Duration = Duration::from_secs(2);

/// The ledger.
#[derive(Debug)]
pub struct Ledger {
    connection: Mutex<Connection>,
    // After the connection, so that it is let go of last.
    _lock: Option<Lock>,
}

impl Ledger {
    /// Opens the ledger at `path` (made when it is not there), alone: waits up to `patience` for another instance to end.
    pub fn open(path: &Path, patience: Duration) -> Result<Self, Error> {
        let lock = Lock::take_blocking(&lock_path(path), "the ledger", patience).map_err(not_locked)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(opening)?;
        // SQLite opens a file it may not write without a word.
        if connection.is_readonly(rusqlite::MAIN_DB).map_err(opening)? {
            return Err(Error::ReadOnly { path: path.to_owned() });
        }
        Ok(Self { _lock: Some(lock), ..Self::of(connection)? })
    }

    /// A ledger on an open connection, brought to the present schema: what tests keep in memory.
    pub fn of(mut connection: Connection) -> Result<Self, Error> {
        prepare(&connection).map_err(opening)?;
        schema::migrate(&mut connection, schema::STEPS)?;
        Ok(Self { connection: Mutex::new(connection), _lock: None })
    }

    /// Whether it can be written to at present.
    pub fn check(&self) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.prepare_cached("UPDATE write_probe SET writes = writes + 1 WHERE id = 0")?.execute([])?;
            Ok(())
        })
    }

    /// A transaction that was under way when somebody panicked was rolled back, so the connection is sound.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, look: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        look(&self.connection()).map_err(|source| Error::Sqlite { what: "read", source })
    }

    fn write<T>(&self, change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, Error> {
        let mut connection = self.connection();
        let written = || {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = change(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        written().map_err(|source| Error::Sqlite { what: "write", source })
    }
}

/// The lock is a file beside the ledger.
fn lock_path(ledger: &Path) -> PathBuf {
    let mut path = ledger.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

fn not_locked(error: LockError) -> Error {
    match error {
        LockError::Held { .. } => Error::Locked,
        LockError::Open { path, source } => Error::Lock { path, source },
    }
}

fn opening(source: rusqlite::Error) -> Error {
    Error::Sqlite { what: "open", source }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(32);
    // An answer of `Ok` outlives a power cut only so.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // The one that says no where the file is none.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.query_row("PRAGMA journal_size_limit = 4194304", [], |_| Ok(()))?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "cache_size", -2000)?;
    // The service's root file system is read-only.
    connection.pragma_update(None, "temp_store", "MEMORY")
}

/// A row holds what no comment-bridge writes.
fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
}
