//! How far a run is, as it is told: what Drone says, never more than the run's own results bear out.

use super::Facts;
use crate::trigger::{Outcome, Progress, State, Trigger};
use results::{Results, Verdict};

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No build of it is known yet.
    Waiting,
    /// It waits in Drone.
    Queued(u32),
    /// It runs.
    Running,
    /// It passed.
    Passed,
    /// Drone says it passed, its results say otherwise.
    Contradicted,
    /// It failed.
    Failed,
    /// It could not find out.
    Error,
    /// It was cancelled.
    Cancelled,
    /// Its build was deleted.
    Deleted,
    /// No build of it could be made.
    Unbuilt,
}

impl Stage {
    /// Its name, for [`super::Comment::news`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Queued(_) => "queued",
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Contradicted => "contradicted",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::Deleted => "deleted",
            Self::Unbuilt => "unbuilt",
        }
    }

    /// Whether there is more to come.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Queued(_) | Self::Running)
    }
}

/// How far a run is.
pub fn of(facts: &Facts<'_>, run: &Trigger) -> Stage {
    match &run.state {
        State::Building { build, .. } => match build.progress {
            Progress::Queued { builds_ahead } => Stage::Queued(builds_ahead),
            // What came of it is not known before it is written down.
            Progress::Running | Progress::Over => Stage::Running,
        },
        State::Ended { build, outcome, .. } | State::Reported { build, outcome, .. } => {
            ended(*outcome, facts.results.get(&build.number))
        }
        State::Cancelled { .. } => Stage::Cancelled,
        State::Failed { .. } => Stage::Unbuilt,
        _ => Stage::Waiting,
    }
}

fn ended(outcome: Outcome, results: Option<&Results>) -> Stage {
    match outcome {
        Outcome::Passed if results.is_none_or(Results::passed) => Stage::Passed,
        Outcome::Passed => Stage::Contradicted,
        Outcome::Failed if results.is_some_and(|results| results.verdict == Some(Verdict::Error)) => Stage::Error,
        Outcome::Failed => Stage::Failed,
        Outcome::Cancelled => Stage::Cancelled,
        Outcome::Error => Stage::Error,
        Outcome::Deleted => Stage::Deleted,
    }
}
