//! What stands in the way at present: for /healthz, the log and the dashboard.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What stands in the way, by what it is in the way of.
#[derive(Debug, Default)]
pub struct Status {
    problems: Mutex<BTreeMap<String, String>>,
}

impl Status {
    /// Something stands in the way of `of` (`poll org:recipes`, `ledger`); logged when it is news.
    pub fn problem(&self, of: &str, problem: &str) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        if problems.insert(of.to_owned(), problem.to_owned()).as_deref() != Some(problem) {
            tracing::warn!("{of}: {problem}");
        }
    }

    /// Nothing stands in the way of `of` any more.
    pub fn fine(&self, of: &str) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        if problems.remove(of).is_some() {
            tracing::info!("{of}: fine again");
        }
    }

    /// What stands in the way at present.
    pub fn problems(&self) -> BTreeMap<String, String> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
