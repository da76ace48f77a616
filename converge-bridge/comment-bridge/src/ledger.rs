//! The ledger: the state that outlives a crash, in `SQLite`.
//!
//! A call that returns `Ok` is on the disk. A call that returns an error has changed nothing.

mod error;
mod pulls;
mod schema;
mod sources;
#[cfg(test)]
mod tests;
mod triggers;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::lock::{Error as LockError, Lock};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

pub use error::Error;
pub use pulls::{PullRecord, Reading};
pub use sources::Cursor;
pub use triggers::Found;

/// The wait for a short lock of another program such as `sqlite3`.
const BUSY: Duration = Duration::from_secs(2);

/// The state that outlives a crash.
#[derive(Debug)]
pub struct Ledger {
    connection: Mutex<Connection>,
    /// The number of changes of triggers since the ledger was opened.
    revision: AtomicU64,
    // After the connection, so that it is released last.
    _lock: Option<Lock>,
}

impl Ledger {
    /// Opens or creates the ledger at `path`. Waits up to `timeout` for another instance to end.
    pub fn open(path: &Path, timeout: Duration) -> Result<Self, Error> {
        let lock = Lock::take_blocking(&lock_path(path), "the ledger", timeout).map_err(not_locked)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(opening)?;
        // SQLite opens a read-only file without an error.
        if connection.is_readonly(rusqlite::MAIN_DB).map_err(opening)? {
            return Err(Error::ReadOnly { path: path.to_owned() });
        }
        Ok(Self { _lock: Some(lock), ..Self::of(connection)? })
    }

    /// Opens the ledger on a connection and migrates it to the present schema. Tests open one in memory.
    pub fn of(mut connection: Connection) -> Result<Self, Error> {
        prepare(&connection).map_err(opening)?;
        schema::migrate(&mut connection, schema::STEPS)?;
        Ok(Self { connection: Mutex::new(connection), revision: AtomicU64::new(0), _lock: None })
    }

    /// Tests that the ledger can be written.
    pub fn check_writable(&self) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.prepare_cached("UPDATE write_probe SET writes = writes + 1 WHERE id = 0")?.execute([])?;
            Ok(())
        })
    }

    /// A number that grows with each change of a trigger.
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Relaxed)
    }

    fn count_change(&self) {
        self.revision.fetch_add(1, Ordering::Relaxed);
    }

    /// A panic rolls its transaction back, so a poisoned connection is sound.
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

/// The path of the lock, a file beside the ledger.
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
    // Without it, a commit may be lost in a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // The first statement that fails if the file is not a database.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.query_row("PRAGMA journal_size_limit = 4194304", [], |_| Ok(()))?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "cache_size", -2000)?;
    // The service's root file system is read-only.
    connection.pragma_update(None, "temp_store", "MEMORY")
}

/// The error of a row that comment-bridge did not write.
fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
}
