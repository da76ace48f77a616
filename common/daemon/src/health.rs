//! The present condition of a program, for `/healthz`, the log and the dashboard.
//!
//! A *problem* stands in the way of something and is resolved later; a *note* is worth knowing and stays. A problem makes
//! the program unhealthy only if a restart may mend it: problems named as vital, and tasks without a heartbeat.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::heartbeat::Heartbeat;

/// The most notes that are kept.
const MOST_NOTES: usize = 100;

/// The most problems that are kept beside the vital ones.
const MOST_PROBLEMS: usize = 500;

/// Problems, notes and heartbeats.
#[derive(Debug, Default)]
pub struct Health {
    vital: &'static [&'static str],
    problems: Mutex<BTreeMap<String, String>>,
    notes: Mutex<BTreeMap<String, String>>,
    heartbeats: Mutex<BTreeMap<&'static str, Arc<Heartbeat>>>,
}

impl Health {
    /// A healthy program; problems of the subjects in `vital` make it unhealthy.
    pub fn new(vital: &'static [&'static str]) -> Self {
        Self { vital, ..Self::default() }
    }

    /// Raises a problem with `subject` (`poll org:recipes`, `ledger`); logs a new one.
    pub fn raise(&self, subject: &str, problem: &str) {
        let mut problems = locked(&self.problems);
        if problems.len() >= MOST_PROBLEMS && !self.vital.contains(&subject) && !problems.contains_key(subject) {
            return;
        }
        if problems.insert(subject.to_owned(), problem.to_owned()).as_deref() != Some(problem) {
            tracing::warn!("{subject}: {problem}");
        }
    }

    /// Resolves the problem with `subject`.
    pub fn resolve(&self, subject: &str) {
        if locked(&self.problems).remove(subject).is_some() {
            tracing::info!("{subject}: fine again");
        }
    }

    /// The present problems, by subject.
    pub fn problems(&self) -> BTreeMap<String, String> {
        locked(&self.problems).clone()
    }

    /// Adds a note on `subject`; logs it once.
    pub fn note(&self, subject: &str, note: &str) {
        let mut notes = locked(&self.notes);
        if notes.len() >= MOST_NOTES && !notes.contains_key(subject) {
            return;
        }
        if notes.insert(subject.to_owned(), note.to_owned()).as_deref() != Some(note) {
            tracing::info!("{subject}: {note}");
        }
    }

    /// The notes, by subject.
    pub fn notes(&self) -> BTreeMap<String, String> {
        locked(&self.notes).clone()
    }

    /// Returns the heartbeat of the task `name`, which is watched from now on.
    pub fn watch(&self, name: &'static str) -> Arc<Heartbeat> {
        let heartbeat = Arc::new(Heartbeat::begin());
        locked(&self.heartbeats).insert(name, heartbeat.clone());
        heartbeat
    }

    /// The reasons for which a restart may help: vital problems, and tasks without a heartbeat for `longest`.
    pub fn unhealthy_reasons(&self, longest: Duration) -> Vec<String> {
        let heartbeats = locked(&self.heartbeats);
        let stalled = heartbeats.iter().filter(|(_, heartbeat)| heartbeat.age() > longest);
        let stalled = stalled.map(|(task, _)| format!("{task} has stalled"));
        let problems = locked(&self.problems);
        let vital = self.vital.iter().filter(|subject| problems.contains_key(**subject));
        vital.map(|subject| (*subject).to_owned()).chain(stalled).collect()
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEDGER: &str = "ledger";

    #[test]
    fn problems_come_and_go_and_only_a_vital_one_is_unhealthy() {
        let health = Health::new(&[LEDGER]);
        health.raise("poll org:recipes", "Gitea cannot be reached");
        health.note("statuses", "not permitted in recipes/hello");
        assert_eq!(health.unhealthy_reasons(Duration::MAX), Vec::<String>::new());
        health.raise(LEDGER, "the disk is full");
        assert_eq!(health.unhealthy_reasons(Duration::MAX), ["ledger"]);
        health.resolve(LEDGER);
        health.resolve("poll org:recipes");
        assert!(health.problems().is_empty());
        assert_eq!(health.notes().len(), 1);
    }

    #[test]
    fn notes_and_problems_are_bounded_and_a_vital_one_is_always_kept() {
        let health = Health::new(&[LEDGER]);
        for number in 0..1000 {
            health.note(&format!("repository {number}"), "no");
            health.raise(&format!("poll recipes/hello#{number}"), "no");
        }
        health.raise(LEDGER, "the disk is full");
        assert_eq!((health.notes().len(), health.problems().len()), (MOST_NOTES, MOST_PROBLEMS + 1));
        assert_eq!(health.unhealthy_reasons(Duration::MAX), ["ledger"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_move_is_unhealthy() {
        let health = Health::default();
        let longest = Duration::from_mins(1);
        let moving = health.watch("poll").follow(async {
            loop {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        });
        let stuck = health.watch("say").follow(std::future::pending::<()>());
        let both = async { tokio::join!(biased; moving, stuck) };
        let _ended = tokio::time::timeout(Duration::from_mins(2), both).await;
        assert_eq!(health.unhealthy_reasons(longest), ["say has stalled"]);
    }
}
