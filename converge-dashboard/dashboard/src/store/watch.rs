//! Tells what has changed in the directories, by inotify: the directory of runs, the directories of runs that are not done,
//! the reports, and what the bridge publishes.
//!
//! Opening and reading are not watched, so that our own reads are no events. A queue that overflowed, and a directory that
//! was made anew, are told as a change of everything.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ffi::OsStr;
use std::fs;
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};

use super::{Directories, RunId};
use crate::host::source::HOST_FILE;

/// The most runs that are watched at a time. A killed run says that it goes on for ever; the newest ones are watched.
pub const MOST: usize = 512;
/// The time in which further changes are gathered after the first one.
const GATHER: Duration = Duration::from_millis(40);
/// The file of a run that matters.
const RESULTS: &str = "results.json";

/// The changes since the last time.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// True if any run may have changed.
    pub all: bool,
    /// The runs that may have changed.
    pub runs: HashSet<RunId>,
    /// True if a report or a file of the bridge may have changed.
    pub published: bool,
}

/// The state of one of the directories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is there.
    Present,
    /// It cannot be found.
    Missing,
    /// It was removed on the host. A mount still leads to the removed one, and a new one of the same name is not seen.
    Removed,
}

/// A directory whose entries are watched.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    identity: Option<(u64, u64)>,
    watch: Option<WatchDescriptor>,
}

/// The watches.
#[derive(Debug)]
pub struct Watcher {
    inotify: Option<Inotify>,
    /// Runs, reports, the report of the host, bridge.
    places: [Place; 4],
    runs: HashMap<WatchDescriptor, RunId>,
    watched: HashMap<RunId, WatchDescriptor>,
    order: VecDeque<RunId>,
    is_exhausted: bool,
}

impl Watcher {
    /// Watches that are set by the first [`Self::check`].
    pub fn new(directories: &Directories) -> Self {
        let Directories { runs, reports, bridge, .. } = directories;
        let host = reports.join(HOST_FILE).parent().map_or_else(|| reports.clone(), Path::to_path_buf);
        let place = |path: &PathBuf| Place { path: path.clone(), identity: None, watch: None };
        Self {
            inotify: Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).ok(),
            places: [place(runs), place(reports), place(&host), place(bridge)],
            runs: HashMap::new(),
            watched: HashMap::new(),
            order: VecDeque::new(),
            is_exhausted: false,
        }
    }

    /// Tries again to get the watches that the kernel refused.
    pub fn retry(&mut self) {
        self.is_exhausted = false;
    }

    /// True if not all changes are told, because the kernel gives no more watches.
    pub fn is_blind(&self) -> bool {
        self.inotify.is_none() || self.is_exhausted
    }

    /// Waits for a change, but no longer than `longest`, and returns all changes so far.
    pub fn wait(&mut self, longest: Duration) -> Changes {
        let mut changes = Changes::default();
        match &self.inotify {
            None => std::thread::sleep(longest),
            Some(inotify) => {
                let mut descriptors = [PollFd::new(inotify.as_fd(), PollFlags::POLLIN)];
                let timeout = PollTimeout::try_from(longest).unwrap_or(PollTimeout::MAX);
                if poll(&mut descriptors, timeout).is_ok_and(|ready| ready > 0) {
                    std::thread::sleep(GATHER);
                }
            }
        }
        while let Some(events) = self.inotify.as_ref().and_then(|inotify| inotify.read_events().ok()) {
            for event in events {
                self.take(&event, &mut changes);
            }
        }
        self.check(&mut changes);
        changes
    }

    fn take(&mut self, event: &InotifyEvent, changes: &mut Changes) {
        let is_over = event.mask.contains(AddWatchFlags::IN_IGNORED);
        if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
            (changes.all, changes.published) = (true, true);
        } else if is_over && self.places.iter().any(|place| place.watch == Some(event.wd)) {
            // A new directory may have the inode of the removed one.
            for place in self.places.iter_mut().filter(|place| place.watch == Some(event.wd)) {
                (place.identity, place.watch) = (None, None);
            }
            (changes.all, changes.published) = (true, true);
        } else if self.places[0].watch == Some(event.wd) {
            changes.runs.extend(event.name.as_deref().and_then(OsStr::to_str).and_then(RunId::new));
        } else if self.places.iter().any(|place| place.watch == Some(event.wd)) {
            changes.published = true;
        } else if let Some(run) = self.runs.get(&event.wd) {
            if event.name.as_deref().is_none_or(|name| name == RESULTS) {
                changes.runs.insert(run.clone());
            }
            if is_over {
                let run = run.clone();
                self.forget(&run);
            }
        }
    }

    /// Looks at the directories themselves, and watches those that are others than before.
    fn check(&mut self, changes: &mut Changes) {
        for (number, place) in self.places.iter_mut().enumerate() {
            let about = fs::metadata(&place.path).ok().filter(|about| about.nlink() > 0);
            let identity = about.map(|about| (about.dev(), about.ino()));
            if identity == place.identity {
                continue;
            }
            place.identity = identity;
            if number == 0 {
                changes.all = true;
            } else {
                changes.published = true;
            }
            let Some(inotify) = &self.inotify else { continue };
            if let Some(before) = place.watch.take() {
                // The kernel has removed the watch of a removed directory.
                let _removed = inotify.rm_watch(before);
            }
            place.watch = identity.and_then(|_| add(inotify, &place.path, entries()).ok());
        }
    }

    /// The state of the directory of runs.
    pub fn runs_presence(&self) -> Presence {
        match fs::metadata(&self.places[0].path) {
            Ok(about) if about.nlink() == 0 => Presence::Removed,
            Ok(about) if about.is_dir() => Presence::Present,
            _ => Presence::Missing,
        }
    }

    /// Watches the directory of a run; true if it was not watched before, so that it must be looked at once more.
    pub fn watch(&mut self, run: &RunId) -> bool {
        if self.watched.contains_key(run) {
            return false;
        }
        if self.watched.len() >= MOST
            && let Some(oldest) = self.order.front().cloned()
        {
            self.unwatch(&oldest);
        }
        let Some(inotify) = &self.inotify else { return false };
        let path = self.places[0].path.join(run.as_str());
        match add(inotify, &path, entries() | AddWatchFlags::IN_DONT_FOLLOW) {
            Ok(watch) => {
                self.runs.insert(watch, run.clone());
                self.watched.insert(run.clone(), watch);
                self.order.push_back(run.clone());
                true
            }
            Err(errno) => {
                self.is_exhausted |= matches!(errno, Errno::ENOSPC | Errno::ENOMEM);
                false
            }
        }
    }

    /// Ends the watch of a run.
    pub fn unwatch(&mut self, run: &RunId) {
        if let (Some(watch), Some(inotify)) = (self.forget(run), &self.inotify) {
            let _removed = inotify.rm_watch(watch);
        }
    }

    fn forget(&mut self, run: &RunId) -> Option<WatchDescriptor> {
        let watch = self.watched.remove(run)?;
        self.runs.remove(&watch);
        self.order.retain(|other| other != run);
        Some(watch)
    }
}

/// Changes of a directory's entries: files are replaced by rename, or written in place, or become readable.
fn entries() -> AddWatchFlags {
    AddWatchFlags::IN_ONLYDIR
        | AddWatchFlags::IN_CREATE
        | AddWatchFlags::IN_MOVED_TO
        | AddWatchFlags::IN_CLOSE_WRITE
        | AddWatchFlags::IN_ATTRIB
        | AddWatchFlags::IN_DELETE
        | AddWatchFlags::IN_MOVED_FROM
}

fn add(inotify: &Inotify, path: &Path, flags: AddWatchFlags) -> Result<WatchDescriptor, Errno> {
    inotify.add_watch(path, flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> (tempfile::TempDir, Watcher) {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| {
            let path = root.path().join(name);
            fs::create_dir(&path).unwrap();
            path
        };
        let directories =
            Directories { runs: at("runs"), reports: at("reports"), bridge: at("bridge"), index: at("index") };
        let watcher = Watcher::new(&directories);
        (root, watcher)
    }

    fn next(watcher: &mut Watcher) -> Changes {
        watcher.wait(Duration::from_secs(5))
    }

    fn runs(ids: &[&str]) -> Changes {
        Changes { runs: ids.iter().filter_map(|id| RunId::new(id)).collect(), ..Changes::default() }
    }

    #[test]
    fn a_run_its_results_and_a_report_are_told() {
        let (root, mut watcher) = world();
        let first = watcher.wait(Duration::ZERO);
        assert!(first.all && first.published);
        fs::create_dir(root.path().join("runs/42")).unwrap();
        assert_eq!(next(&mut watcher), runs(&["42"]));
        let run = RunId::new("42").unwrap();
        assert!(watcher.watch(&run) && !watcher.watch(&run));
        fs::write(root.path().join("runs/42/.draft"), "").unwrap();
        fs::rename(root.path().join("runs/42/.draft"), root.path().join("runs/42/results.json")).unwrap();
        assert_eq!(next(&mut watcher), runs(&["42"]));
        fs::read(root.path().join("runs/42/results.json")).unwrap();
        fs::write(root.path().join("runs/42/run.log"), "a line\n").unwrap();
        assert_eq!(watcher.wait(Duration::from_millis(1)), Changes::default(), "neither reads nor logs are events");
        fs::write(root.path().join("reports/traefik.json"), "{}").unwrap();
        assert_eq!(next(&mut watcher), Changes { published: true, ..Changes::default() });
        fs::create_dir(root.path().join("reports/host")).unwrap();
        assert!(next(&mut watcher).published);
        fs::write(root.path().join("reports/host/host.json"), "{}").unwrap();
        assert_eq!(next(&mut watcher), Changes { published: true, ..Changes::default() });
        fs::remove_dir_all(root.path().join("runs/42")).unwrap();
        assert_eq!(next(&mut watcher), runs(&["42"]));
        assert!(watcher.watched.is_empty() && watcher.runs.is_empty() && watcher.order.is_empty());
    }

    #[test]
    fn a_directory_that_is_made_anew_is_a_change_of_everything() {
        let (root, mut watcher) = world();
        watcher.wait(Duration::ZERO);
        fs::remove_dir(root.path().join("runs")).unwrap();
        assert!(next(&mut watcher).all);
        assert_eq!(watcher.runs_presence(), Presence::Missing);
        fs::create_dir(root.path().join("runs")).unwrap();
        assert!(watcher.wait(Duration::ZERO).all);
        assert_eq!(watcher.runs_presence(), Presence::Present);
        fs::create_dir(root.path().join("runs/1")).unwrap();
        assert_eq!(next(&mut watcher), runs(&["1"]));
    }

    #[test]
    fn a_queue_that_overflows_is_a_change_of_everything() {
        let (root, mut watcher) = world();
        watcher.wait(Duration::ZERO);
        let most = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
        let directory = root.path().join("runs/1");
        // Each of the two is an event.
        for _ in 0..=most.trim().parse::<u32>().unwrap() / 2 {
            fs::create_dir(&directory).unwrap();
            fs::remove_dir(&directory).unwrap();
        }
        let changes = next(&mut watcher);
        assert!(changes.all && changes.published);
    }

    #[test]
    fn the_number_of_watches_has_a_limit() {
        let (root, mut watcher) = world();
        watcher.wait(Duration::ZERO);
        for number in 0..MOST + 10 {
            let id = number.to_string();
            fs::create_dir(root.path().join("runs").join(&id)).unwrap();
            watcher.watch(&RunId::new(&id).unwrap());
        }
        assert_eq!((watcher.watched.len(), watcher.runs.len(), watcher.order.len()), (MOST, MOST, MOST));
        assert_eq!(watcher.order[0].as_str(), "10", "the newest stay");
    }
}
