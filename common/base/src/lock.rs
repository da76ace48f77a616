//! One converger runs once at a time.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use tokio::time::{Instant, sleep};

use crate::error::{Class, Explain};

/// A lock on a file, released by the kernel when its holder ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: Flock<File>,
}

/// Why a lock could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lock file could not be opened.
    #[error("cannot open the lock {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody held it until the deadline.
    #[error("{what} is still held by another run after {} s ({path})", waited.as_secs())]
    Held {
        /// What the lock guards.
        what: String,
        /// The file.
        path: PathBuf,
        /// How long it was waited for.
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
    /// Takes the lock at `path`, waiting at most `deadline` for its holder. `what` names it in errors.
    pub async fn take(path: &Path, what: &str, deadline: Duration) -> Result<Self, Error> {
        let open = |source| Error::Open { path: path.into(), source };
        fs::create_dir_all(parent(path)).map_err(open)?;
        let mut file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path).map_err(open)?;
        let started = Instant::now();
        loop {
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(locked) => return Ok(Self { _file: locked }),
                Err((back, Errno::EWOULDBLOCK | Errno::EINTR)) => file = back,
                Err((_, errno)) => return Err(open(errno.into())),
            }
            if started.elapsed() >= deadline {
                return Err(Error::Held { what: what.into(), path: path.into(), waited: deadline });
            }
            sleep(Duration::from_millis(50).min(deadline)).await;
        }
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}
