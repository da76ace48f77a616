//! The standing of a recipe: the one word that its runs add up to. Pure: runs and a time in, a [`Standing`] out.
//!
//! # What counts
//!
//! A run *counts* if it is full (not quick), has ended, and did not end because of the server. Runs of pull requests count
//! only while there is no counted run of a branch or a release: a stranger's pull request turns no badge red.
//!
//! # The words, the first that fits
//!
//! 1. [`Word::Untested`]: no run counts.
//! 2. [`Word::Stale`]: the newest counted run is older than [`FRESH`], or has no time.
//! 3. [`Word::Broken`]: the newest counted run failed at install.
//! 4. [`Word::Failing`]: the newest [`IN_A_ROW`] counted runs or more failed.
//! 5. [`Word::Flaky`]: the result flips too often among the newest [`WINDOW`] counted runs (see `flips`).
//! 6. [`Word::Failing`] or [`Word::Passing`]: the result of the newest counted run.

mod durations;
mod flips;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use results::{Fault, RunKind, RungName, RungStatus, Verdict};

use crate::store::Run;

pub use durations::Durations;
pub use flips::WINDOW;

/// The age past which a result is stale.
pub const FRESH: Duration = Duration::from_hours(30 * 24);
/// The failures in a row from which a recipe is failing and no longer flaky.
pub const IN_A_ROW: usize = 3;

/// The word of a standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The newest counted run passed.
    Passing,
    /// The newest counted run failed after the install.
    Failing,
    /// The result changes from run to run.
    Flaky,
    /// The newest counted run failed at install.
    Broken,
    /// The newest counted run is too old to be believed.
    Stale,
    /// No run counts.
    Untested,
}

impl Word {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passing => "passing",
            Self::Failing => "failing",
            Self::Flaky => "flaky",
            Self::Broken => "broken",
            Self::Stale => "stale",
            Self::Untested => "untested",
        }
    }
}

/// The standing of a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The word.
    pub word: Word,
    /// The newest counted run.
    pub newest: Option<Arc<Run>>,
    /// The number of counted runs with the result of the newest, up to the last one with another.
    pub in_a_row: usize,
    /// The oldest of those: since its end the result is the same.
    pub since: Option<Arc<Run>>,
    /// The newest counted run that passed.
    pub last_green: Option<Arc<Run>>,
}

impl Standing {
    /// The standing of the runs of one recipe, in any order.
    pub fn of(runs: &[Arc<Run>], now: Timestamp) -> Self {
        let counted = counted(runs);
        let newest = counted.first().copied();
        let in_a_row =
            counted.iter().take_while(|run| newest.is_some_and(|newest| passed(run) == passed(newest))).count();
        Self {
            word: word(&counted, in_a_row, now),
            newest: newest.cloned(),
            in_a_row,
            since: in_a_row.checked_sub(1).and_then(|last| counted.get(last)).map(|run| Arc::clone(run)),
            last_green: counted.iter().find(|run| passed(run)).map(|run| Arc::clone(run)),
        }
    }
}

fn word(counted: &[&Arc<Run>], in_a_row: usize, now: Timestamp) -> Word {
    let Some(newest) = counted.first() else { return Word::Untested };
    let fresh = SignedDuration::try_from(FRESH).unwrap_or(SignedDuration::MAX);
    // A time in the future is a difference of clocks, and fresh.
    if newest.time().is_none_or(|time| now.duration_since(time) > fresh) {
        return Word::Stale;
    }
    if passed(newest) {
        return if flips::is_flaky(counted) { Word::Flaky } else { Word::Passing };
    }
    if newest.rungs.contains(&(RungName::Install, RungStatus::Fail)) {
        return Word::Broken;
    }
    if in_a_row < IN_A_ROW && flips::is_flaky(counted) { Word::Flaky } else { Word::Failing }
}

/// The runs that count, newest first.
pub fn counted(runs: &[Arc<Run>]) -> Vec<&Arc<Run>> {
    let is_whole = |run: &&Arc<Run>| !run.is_quick && run.is_done && run.fault != Some(Fault::Server);
    let mut counted: Vec<&Arc<Run>> = runs.iter().filter(is_whole).collect();
    if counted.iter().any(|run| run.kind != RunKind::Pull) {
        counted.retain(|run| run.kind != RunKind::Pull);
    }
    counted.sort_by(|one, other| other.age_order(one));
    counted
}

fn passed(run: &Run) -> bool {
    run.verdict == Some(Verdict::Pass)
}

#[cfg(test)]
mod tests;
