//! How it is at present: for /healthz, the log and the dashboard.
//!
//! A *problem* stands in the way of something and goes away again; a *note* is worth knowing and stays. Neither makes
//! the bridge unhealthy: a restart would not mend Gitea. What a restart may mend does: see [`Status::ails`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::life::Pulse;

/// How many notes are kept: one a repository, where there are many.
const MOST_NOTES: usize = 100;

/// How many problems: one a pull request, where there are many.
const MOST_PROBLEMS: usize = 500;

/// What a problem of the ledger is called: the one that makes the bridge unhealthy.
pub const LEDGER: &str = "ledger";

/// How it is at present.
#[derive(Debug, Default)]
pub struct Status {
    problems: Mutex<BTreeMap<String, String>>,
    notes: Mutex<BTreeMap<String, String>>,
    pulses: Mutex<BTreeMap<&'static str, Arc<Pulse>>>,
}

impl Status {
    /// Something stands in the way of `of` (`poll org:recipes`, `ledger`); logged when it is news.
    pub fn problem(&self, of: &str, problem: &str) {
        let mut problems = locked(&self.problems);
        if problems.len() >= MOST_PROBLEMS && of != LEDGER && !problems.contains_key(of) {
            return;
        }
        if problems.insert(of.to_owned(), problem.to_owned()).as_deref() != Some(problem) {
            tracing::warn!("{of}: {problem}");
        }
    }

    /// Nothing stands in the way of `of` any more.
    pub fn fine(&self, of: &str) {
        if locked(&self.problems).remove(of).is_some() {
            tracing::info!("{of}: fine again");
        }
    }

    /// What stands in the way at present.
    pub fn problems(&self) -> BTreeMap<String, String> {
        locked(&self.problems).clone()
    }

    /// Something about `of` is worth knowing; logged once.
    pub fn note(&self, of: &str, note: &str) {
        let mut notes = locked(&self.notes);
        if notes.len() >= MOST_NOTES && !notes.contains_key(of) {
            return;
        }
        if notes.insert(of.to_owned(), note.to_owned()).as_deref() != Some(note) {
            tracing::info!("{of}: {note}");
        }
    }

    /// What is worth knowing.
    pub fn notes(&self) -> BTreeMap<String, String> {
        locked(&self.notes).clone()
    }

    /// Watches whether the task of this name goes on.
    pub fn watch(&self, task: &'static str) -> Arc<Pulse> {
        let pulse = Arc::new(Pulse::begin());
        locked(&self.pulses).insert(task, pulse.clone());
        pulse
    }

    /// What a restart may mend: a ledger that cannot be used, and tasks that have not moved for longer than `longest`.
    pub fn ails(&self, longest: Duration) -> Vec<String> {
        let pulses = locked(&self.pulses);
        let stalled = pulses.iter().filter(|(_, pulse)| pulse.age() > longest);
        let stalled = stalled.map(|(task, _)| format!("{task} has stalled"));
        let ledger = locked(&self.problems).contains_key(LEDGER).then(|| LEDGER.to_owned());
        ledger.into_iter().chain(stalled).collect()
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_come_and_go_and_only_the_ledgers_is_an_ailment() {
        let status = Status::default();
        status.problem("poll org:recipes", "Gitea cannot be reached");
        status.note("statuses", "not permitted in recipes/hello");
        assert_eq!(status.ails(Duration::MAX), Vec::<String>::new());
        status.problem(LEDGER, "the disk is full");
        assert_eq!(status.ails(Duration::MAX), ["ledger"]);
        status.fine(LEDGER);
        status.fine("poll org:recipes");
        assert!(status.problems().is_empty());
        assert_eq!(status.notes().len(), 1);
    }

    #[test]
    fn notes_and_problems_are_bounded_and_the_ledgers_is_always_kept() {
        let status = Status::default();
        for number in 0..1000 {
            status.note(&format!("repository {number}"), "no");
            status.problem(&format!("poll recipes/hello#{number}"), "no");
        }
        status.problem(LEDGER, "the disk is full");
        assert_eq!((status.notes().len(), status.problems().len()), (MOST_NOTES, MOST_PROBLEMS + 1));
        assert_eq!(status.ails(Duration::MAX), ["ledger"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_move_is_an_ailment() {
        let status = Status::default();
        let longest = Duration::from_mins(1);
        let moving = status.watch("poll").follow(async {
            loop {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        });
        let stuck = status.watch("say").follow(std::future::pending::<()>());
        let both = async { tokio::join!(biased; moving, stuck) };
        let _ended = tokio::time::timeout(Duration::from_mins(2), both).await;
        assert_eq!(status.ails(longest), ["say has stalled"]);
    }
}
