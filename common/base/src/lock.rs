//! A lock on a file: one process at a time does a thing.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use tokio::time::sleep;

use crate::error::{Class, Explain};

/// The time between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// A lock on a file. The kernel releases it when its process ends, also after a crash.
#[derive(Debug)]
pub struct Lock {
    _file: Flock<File>,
}

/// The reason why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lock file cannot be opened.
    #[error("cannot open the lock {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// Another process held the lock until the deadline.
    #[error("{what} is still held by another run after {} s ({path})", waited.as_secs())]
    Held {
        /// The thing that the lock guards.
        what: String,
        /// The file.
        path: PathBuf,
        /// The deadline.
        waited: Duration,
    },
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Open { .. } => Class::Blocked,
            Self::Held { .. } => Class::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Open { path, .. } => format!("run as root, or make {} writable", parent(path).display()),
            Self::Held { path, .. } => format!("`fuser -v {}` shows who holds it", path.display()),
        })
    }
}

impl Lock {
    /// Takes the lock at `path`, whose directory is created where it is missing. Waits for another holder until
    /// `deadline` has passed. `what` names the lock in errors.
    pub async fn take(path: &Path, what: &str, deadline: Duration) -> Result<Self, Error> {
        fs::create_dir_all(parent(path)).map_err(|source| Error::Open { path: path.into(), source })?;
        let mut attempts = Attempts::new(path, what, deadline)?;
        loop {
            match attempts.make()? {
                Attempt::Taken(lock) => return Ok(lock),
                Attempt::Held(pause) => sleep(pause).await,
            }
        }
    }

    /// The same for a thread that may block, in a directory that must exist.
    pub fn take_blocking(path: &Path, what: &str, deadline: Duration) -> Result<Self, Error> {
        let mut attempts = Attempts::new(path, what, deadline)?;
        loop {
            match attempts.make()? {
                Attempt::Taken(lock) => return Ok(lock),
                Attempt::Held(pause) => thread::sleep(pause),
            }
        }
    }
}

/// The attempts to take one lock, until its deadline.
struct Attempts<'a> {
    file: Option<File>,
    path: &'a Path,
    what: &'a str,
    deadline: Duration,
    /// The sum of the pauses.
    waited: Duration,
}

/// The result of one attempt.
enum Attempt {
    Taken(Lock),
    /// Another process has it; the pause before the next attempt.
    Held(Duration),
}

impl<'a> Attempts<'a> {
    fn new(path: &'a Path, what: &'a str, deadline: Duration) -> Result<Self, Error> {
        Ok(Self { file: Some(open(path)?), path, what, deadline, waited: Duration::ZERO })
    }

    fn make(&mut self) -> Result<Attempt, Error> {
        let file = self.file.take().map_or_else(|| open(self.path), Ok)?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => return Ok(Attempt::Taken(Lock { _file: file })),
            Err((file, Errno::EWOULDBLOCK | Errno::EINTR)) => self.file = Some(file),
            Err((_, errno)) => return Err(Error::Open { path: self.path.into(), source: errno.into() }),
        }
        let pause = PAUSE.min(self.deadline.saturating_sub(self.waited));
        if pause.is_zero() {
            return Err(Error::Held { what: self.what.into(), path: self.path.into(), waited: self.deadline });
        }
        self.waited += pause;
        Ok(Attempt::Held(pause))
    }
}

/// Opens the lock file. It is never truncated and never removed: another process may be about to lock the same file.
fn open(path: &Path) -> Result<File, Error> {
    let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path);
    file.map_err(|source| Error::Open { path: path.into(), source })
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(120);

    #[tokio::test]
    async fn both_forms_exclude_each_other_and_wait_until_the_deadline() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::take_blocking(&path, "it", SHORT).unwrap();
        let began = std::time::Instant::now();
        assert!(matches!(Lock::take(&path, "it", SHORT).await, Err(Error::Held { .. })));
        assert!(matches!(Lock::take_blocking(&path, "it", SHORT), Err(Error::Held { .. })));
        assert!(began.elapsed() >= 2 * SHORT);
        drop(first);
        let second = Lock::take(&path, "it", Duration::ZERO).await.unwrap();
        assert!(matches!(Lock::take_blocking(&path, "it", Duration::ZERO), Err(Error::Held { .. })));
        drop(second);
        Lock::take_blocking(&path, "it", Duration::ZERO).unwrap();
    }

    #[tokio::test]
    async fn only_the_waiting_form_creates_the_directory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing/lock");
        assert!(matches!(Lock::take_blocking(&path, "it", SHORT), Err(Error::Open { .. })));
        Lock::take(&path, "it", SHORT).await.unwrap();
    }
}
