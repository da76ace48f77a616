//! What the directories hold: runs, reports of the convergers, what the bridge publishes.
//!
//! [`Store`] reads them and keeps one [`Snapshot`]; a change of a file makes another one with the next generation. The pages
//! see snapshots alone. A run whose file is damaged is kept as [`Damaged`] and hides no other.

mod folder;
mod run;
mod scan;
mod snapshot;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

pub use folder::open_file;
pub use run::{Damaged, Run, RunId};
pub use snapshot::{Recipe, Snapshot};

/// The directories that are read.
#[derive(Debug, Clone)]
pub struct Directories {
    /// The runs: `<run>/results.json` and artefacts.
    pub runs: PathBuf,
    /// The reports of the convergers, and `host.json`.
    pub reports: PathBuf,
    /// The bridge's `triggers.json` and `metrics.prom`.
    pub bridge: PathBuf,
    /// The index, the only one that is written.
    pub index: PathBuf,
}

/// The current snapshot.
#[derive(Debug)]
pub struct Store {
    directories: Directories,
    current: RwLock<Arc<Snapshot>>,
}

impl Store {
    /// A store whose first snapshot is empty.
    pub fn new(directories: Directories) -> Self {
        Self { directories, current: RwLock::default() }
    }

    /// The directories that are read.
    pub fn directories(&self) -> &Directories {
        &self.directories
    }

    /// The current snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads everything again; a snapshot that differs gets the next generation.
    pub fn refresh(&self) {
        let (runs, damaged) = scan::runs(&self.directories.runs);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let next = Snapshot::new(current.generation + 1, runs, damaged);
        if !next.shows_same_as(&current) {
            *current = Arc::new(next);
        }
    }
}
