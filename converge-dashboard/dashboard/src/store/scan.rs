//! Keeps what is known of each run, and looks at one run or at all of them.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use results::{Results, Runs, Unreadable};

use super::index::{Row, Stamp};
use super::names::Names;
use super::{Damaged, Run, RunId, row};

/// What is known of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    /// The state of the file; `None` if it could not be opened.
    stamp: Option<Stamp>,
    content: Result<Arc<Run>, Arc<str>>,
}

/// All runs.
#[derive(Debug, Default)]
pub struct Scan {
    known: HashMap<RunId, Known>,
    /// Directories without results.
    waiting: HashSet<RunId>,
    names: Names,
    /// Runs whose row in the index is another.
    pub changed: Vec<RunId>,
    /// Runs that the index has too many.
    pub removed: Vec<String>,
}

impl Scan {
    /// Takes over a row of the index; the file decides if it still holds.
    pub fn take_over(&mut self, Row { id, stamp, content }: Row) {
        let Some(id) = RunId::new(&id) else { return };
        let content = match content {
            Ok(text) => {
                let run = results::parse(text.as_bytes());
                let Some(run) = run.and_then(|run| Run::of(id.clone(), &run, &mut self.names)) else { return };
                Ok(Arc::new(run))
            }
            Err(reason) => Err(self.names.share(&reason)),
        };
        self.known.insert(id, Known { stamp: Some(stamp), content });
    }

    /// Looks at all runs; true if anything differs.
    pub fn look_at_all(&mut self, directory: &Path) -> bool {
        let (all, entries) = match Runs::open(directory).and_then(|all| Ok((all, fs::read_dir(directory)?))) {
            Ok(opened) => opened,
            Err(error) => return self.without_directory(&error),
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let ids: HashSet<RunId> = names.filter_map(|name| RunId::new(&name)).collect();
        let gone: Vec<RunId> = self.known.keys().filter(|id| !ids.contains(*id)).cloned().collect();
        self.waiting.retain(|id| ids.contains(id));
        let mut differs = false;
        for id in &gone {
            differs |= self.remove(id);
        }
        for id in ids {
            differs |= self.look_in(&all, directory, &id, false);
        }
        self.names.forget_unused();
        differs
    }

    /// Looks at one run; true if it differs.
    pub fn look_at(&mut self, directory: &Path, id: &RunId) -> bool {
        match Runs::open(directory) {
            Ok(all) => self.look_in(&all, directory, id, true),
            Err(error) => self.without_directory(&error),
        }
    }

    /// A directory that is gone has no runs; one that cannot be opened for another reason is tried again later.
    fn without_directory(&mut self, error: &io::Error) -> bool {
        if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
            return self.remove_all();
        }
        tracing::warn!("the directory of runs cannot be read: {error}");
        false
    }

    /// Looks at a run; a file with a known stamp is read again only if it was `told` to have changed.
    fn look_in(&mut self, all: &Runs, directory: &Path, id: &RunId, told: bool) -> bool {
        let about = |id: &RunId| fs::symlink_metadata(directory.join(id.as_str()));
        let (stamp, content) = match all.results(id.as_str()) {
            Ok(None) => {
                if about(id).is_ok_and(|about| about.is_dir()) {
                    self.waiting.insert(id.clone());
                } else {
                    self.waiting.remove(id);
                }
                return self.remove(id);
            }
            Ok(Some(file)) => {
                let stamp = Stamp::of(file.about());
                let known = self.known.get(id).and_then(|known| known.stamp);
                if !told && known == Some(stamp) {
                    return false;
                }
                (Some(stamp), self.read(id, file.read()))
            }
            Err(unreadable) => match about(id) {
                Ok(about) if about.is_symlink() => (None, Err("the directory of the run is a link".into())),
                Ok(about) if !about.is_dir() => return self.remove(id),
                Err(_) => return self.remove(id),
                Ok(_) => (None, Err(reason(unreadable))),
            },
        };
        self.waiting.remove(id);
        let content = content.map(Arc::new).map_err(|reason| self.names.share(&reason));
        let known = Known { stamp, content };
        let before = self.known.get(id);
        if before == Some(&known) {
            return false;
        }
        let differs = before.is_none_or(|before| before.content != known.content);
        if stamp.is_some() {
            self.changed.push(id.clone());
        } else if before.is_some_and(|before| before.stamp.is_some()) {
            self.removed.push(id.to_string());
        }
        self.known.insert(id.clone(), known);
        differs
    }

    fn read(&mut self, id: &RunId, results: Result<Results, Unreadable>) -> Result<Run, String> {
        let run = Run::of(id.clone(), &results.map_err(reason)?, &mut self.names);
        run.ok_or_else(|| "results.json names no recipe".into())
    }

    fn remove(&mut self, id: &RunId) -> bool {
        let known = self.known.remove(id);
        if known.as_ref().is_some_and(|known| known.stamp.is_some()) {
            self.removed.push(id.to_string());
        }
        known.is_some()
    }

    fn remove_all(&mut self) -> bool {
        self.waiting.clear();
        let ids: Vec<RunId> = self.known.keys().cloned().collect();
        ids.iter().filter(|id| self.remove(id)).count() > 0
    }

    /// True if the run has ended and its results were read, so that no change is expected.
    pub fn is_settled(&self, id: &RunId) -> bool {
        match self.known.get(id) {
            Some(known) => known.content.as_ref().is_ok_and(|run| run.is_done),
            None => !self.waiting.contains(id),
        }
    }

    /// The runs in which a change is expected, the oldest first.
    pub fn unsettled(&self) -> Vec<RunId> {
        let mut ids: Vec<&RunId> = self.known.keys().chain(&self.waiting).filter(|id| !self.is_settled(id)).collect();
        ids.sort();
        ids.into_iter().cloned().collect()
    }

    /// The runs, newest first, and the damaged ones.
    pub fn runs(&self) -> (Vec<Arc<Run>>, Vec<Damaged>) {
        let mut runs: Vec<Arc<Run>> = self.known.values().filter_map(|known| known.content.clone().ok()).collect();
        runs.sort_unstable_by(|one, other| other.age_order(one));
        let damaged = self.known.iter().filter_map(|(id, known)| {
            let reason = known.content.as_ref().err()?.clone();
            Some(Damaged { id: id.clone(), reason })
        });
        let mut damaged: Vec<Damaged> = damaged.collect();
        damaged.sort_unstable_by(|one, other| other.id.cmp(&one.id));
        (runs, damaged)
    }

    /// The rows of these runs.
    pub fn rows_of<'a>(&'a self, ids: &'a [RunId]) -> impl Iterator<Item = Row> + 'a {
        ids.iter().filter_map(|id| row_of(id, self.known.get(id)?))
    }

    /// All rows, for a new index.
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        self.known.iter().filter_map(|(id, known)| row_of(id, known))
    }
}

/// The row of a run; `None` if its file could not be opened, which a start must try again.
fn row_of(id: &RunId, known: &Known) -> Option<Row> {
    let content = match &known.content {
        Ok(run) => Ok(row::text(run).ok()?),
        Err(reason) => Err(reason.to_string()),
    };
    Some(Row { id: id.to_string(), stamp: known.stamp?, content })
}

/// Reads the results of a run; `None` if it has none, an error with the reason if they cannot be read.
pub fn read_results(directory: &Path, id: &RunId) -> Result<Option<Results>, String> {
    let all = Runs::open(directory).map_err(|error| format!("the directory of runs cannot be opened: {error}"))?;
    let Some(file) = all.results(id.as_str()).map_err(reason)? else { return Ok(None) };
    file.read().map(Some).map_err(reason)
}

fn reason(unreadable: Unreadable) -> String {
    match unreadable {
        Unreadable::Io(error) => format!("results.json cannot be read: {error}"),
        other => other.to_string(),
    }
}
