//! One ledger, one instance.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::Error;

const PAUSE: Duration = Duration::from_millis(50);

/// Keeps other instances away while it lives; the kernel lets go of it however this one ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock beside `ledger`, waiting up to `patience` for another instance to end.
    pub fn take(ledger: &Path, patience: Duration) -> Result<Self, Error> {
        let mut path = ledger.as_os_str().to_owned();
        path.push(".lock");
        let path = Path::new(&path);
        let refused = |source| Error::Lock { path: path.to_owned(), source };
        // Never truncated and never removed: another may be about to lock the same file.
        let file = File::options().write(true).create(true).truncate(false).open(path).map_err(refused)?;
        let deadline = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(Error::Locked),
                Err(TryLockError::Error(source)) => return Err(refused(source)),
            }
        }
    }
}
