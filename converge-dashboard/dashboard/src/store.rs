//! What the directories hold: runs, reports of the convergers, what the bridge publishes.
//!
//! [`Store`] reads them and keeps one [`Snapshot`]; a change of a file makes another one with the next generation. The pages
//! see snapshots alone. A run whose file is damaged is kept as [`Damaged`] and hides no other.
//!
//! A change is found by inotify (`watch`), and by a slow look at everything, in case an event was lost. An index in `SQLite`
//! (`index`) spares the next start the reading of all files.

mod folder;
mod index;
mod names;
mod published;
mod row;
mod run;
mod scan;
mod snapshot;
mod watch;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use daemon::health::Health;
use jiff::Timestamp;

use index::Index;
use published::Published;
use scan::Scan;
use watch::{Changes, Presence, Watcher};

pub use folder::open_file;
pub use run::{Damaged, Run, RunId};
pub use scan::read_results;
pub use snapshot::{Recipe, Snapshot};

/// The interval of the slow look at everything.
const SLOW: Duration = Duration::from_mins(3);
/// The same while the kernel gives no watches.
const BLIND: Duration = Duration::from_secs(5);

/// The subject of the problem that only a restart mends: a directory of runs that was made anew behind a mount.
pub const RUNS_REMOVED: &str = "directory of runs";
/// The subject of the problem of a directory of runs that is not there.
const RUNS_MISSING: &str = "missing directory of runs";
/// The subject of the problem of an index that cannot be written.
const INDEX: &str = "index";
/// The subject of the problem of missing watches.
const WATCHES: &str = "watches";

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
    health: Arc<Health>,
    reader: Mutex<Option<Reader>>,
    current: RwLock<Arc<Snapshot>>,
    generation: tokio::sync::watch::Sender<u64>,
}

/// What the reading needs from one time to the next.
#[derive(Debug)]
struct Reader {
    watcher: Watcher,
    scan: Scan,
    index: Index,
    looked: Instant,
}

impl Store {
    /// A store whose first snapshot is empty.
    pub fn new(directories: Directories) -> Self {
        Self::with_health(directories, Arc::default())
    }

    /// A store that tells its problems.
    pub fn with_health(directories: Directories, health: Arc<Health>) -> Self {
        // Begins at the time, so that no generation of an earlier start is one of this start.
        let generation = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
        Self {
            directories,
            health,
            reader: Mutex::default(),
            current: RwLock::new(Arc::new(Snapshot { generation, ..Snapshot::default() })),
            generation: tokio::sync::watch::Sender::new(generation),
        }
    }

    /// The directories that are read.
    pub fn directories(&self) -> &Directories {
        &self.directories
    }

    /// The current snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The generation of the current snapshot, whose changes can be awaited.
    pub fn generation(&self) -> tokio::sync::watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// Looks at everything again; a snapshot that differs gets the next generation.
    pub fn refresh(&self) {
        self.read(None);
    }

    /// Waits for a change, but no longer than `longest`, and looks at what has changed. The first time looks at everything.
    pub fn follow(&self, longest: Duration) {
        self.read(Some(longest));
    }

    fn read(&self, wait: Option<Duration>) {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = reader.is_none();
        let reader = reader.get_or_insert_with(|| Reader::new(&self.directories));
        let mut changes = reader.watcher.wait(wait.filter(|_| !is_first).unwrap_or_default());
        let interval = if reader.watcher.is_blind() { BLIND } else { SLOW };
        if wait.is_none() || is_first || reader.looked.elapsed() >= interval {
            (changes.all, changes.published) = (true, true);
        }
        // The first look publishes what the index had, too.
        let differs = reader.look(&self.directories, &changes) || is_first;
        let published = changes.published.then(|| Published::read(&self.directories));
        self.publish(differs.then(|| reader.scan.runs()), published);
        self.tell(reader);
    }

    /// Makes the next snapshot of the parts that differ.
    fn publish(&self, runs: Option<(Vec<Arc<Run>>, Vec<Damaged>)>, published: Option<Published>) {
        let before = self.snapshot();
        let published = published.filter(|new| new.reports != before.reports || new.bridge != before.bridge);
        if runs.is_none() && published.is_none() {
            return;
        }
        let generation = before.generation + 1;
        let mut next = Snapshot { generation, ..Snapshot::clone(&before) };
        if let Some(Published { reports, bridge }) = published {
            (next.reports, next.bridge) = (reports, bridge);
        }
        if let Some((runs, damaged)) = runs {
            next = next.with_runs(runs, damaged);
        }
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        self.generation.send_replace(generation);
    }

    /// Writes the index and tells the problems.
    fn tell(&self, reader: &mut Reader) {
        let (changed, removed) = (std::mem::take(&mut reader.scan.changed), std::mem::take(&mut reader.scan.removed));
        if !changed.is_empty() || !removed.is_empty() {
            match reader.index.write(reader.scan.rows_of(&changed), &removed, reader.scan.rows()) {
                Ok(true) => self.health.resolve(INDEX),
                Ok(false) => {}
                Err(problem) => self.health.raise(INDEX, &problem),
            }
        }
        match reader.watcher.runs_presence() {
            Presence::Present => {
                self.health.resolve(RUNS_MISSING);
                self.health.resolve(RUNS_REMOVED);
            }
            Presence::Missing => {
                self.health.raise(RUNS_MISSING, &format!("{} does not exist", self.directories.runs.display()));
            }
            Presence::Removed => {
                let path = self.directories.runs.display();
                self.health
                    .raise(RUNS_REMOVED, &format!("{path} was removed on the host; a restart mounts the new one"));
            }
        }
        if reader.watcher.is_blind() {
            self.health.raise(
                WATCHES,
                "the kernel gives no more watches, so changes are seen late; raise fs.inotify.max_user_watches",
            );
        } else {
            self.health.resolve(WATCHES);
        }
    }
}

impl Reader {
    fn new(directories: &Directories) -> Self {
        let mut scan = Scan::default();
        let (index, is_usable) = Index::open(&directories.index, |row| scan.take_over(row));
        if !is_usable {
            scan = Scan::default();
        }
        Self { watcher: Watcher::new(directories), scan, index, looked: Instant::now() }
    }

    /// Looks at the runs that may have changed; true if any differs.
    fn look(&mut self, directories: &Directories, changes: &Changes) -> bool {
        let mut differs = false;
        let looked_at: Vec<RunId> = if changes.all {
            self.looked = Instant::now();
            self.watcher.retry();
            differs |= self.scan.look_at_all(&directories.runs);
            let mut ids = self.scan.unsettled();
            ids.split_off(ids.len().saturating_sub(watch::MOST))
        } else {
            let mut ids: Vec<RunId> = changes.runs.iter().cloned().collect();
            ids.sort();
            for id in &ids {
                differs |= self.scan.look_at(&directories.runs, id);
            }
            ids
        };
        for id in looked_at {
            if self.scan.is_settled(&id) {
                self.watcher.unwatch(&id);
            } else if self.watcher.watch(&id) {
                // It may have changed before it was watched.
                differs |= self.scan.look_at(&directories.runs, &id);
            }
        }
        differs
    }
}

#[cfg(test)]
mod tests;
