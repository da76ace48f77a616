//! The state of a run, as its comment and its commit status show it.

use super::Facts;
use crate::trigger::{Outcome, Progress, State, Trigger};
use results::{Results, Verdict};

/// The state of a run in the comment: made from the trigger's [`State`], its [`Outcome`] and the run's [`Results`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownState {
    /// No build is known yet.
    Waiting,
    /// Queued in Drone behind this number of builds.
    Queued(u32),
    /// A runner has taken the build.
    Running,
    /// Drone and the results report success.
    Passed,
    /// Drone reports success, the results do not.
    Contradicted,
    /// The tests failed.
    Failed,
    /// The run ended without a verdict.
    Error,
    /// Cancelled by a comment or in Drone.
    Cancelled,
    /// The build was deleted from Drone.
    Deleted,
    /// No build could be made.
    Unbuilt,
}

impl ShownState {
    /// The name in [`super::CommentText::topic`].
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

    /// True while the run may still change.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Queued(_) | Self::Running)
    }
}

/// Returns the shown state of a run.
pub fn of(facts: &Facts<'_>, run: &Trigger) -> ShownState {
    match &run.state {
        State::Building { build, .. } => match build.progress {
            Progress::Queued { builds_ahead } => ShownState::Queued(builds_ahead),
            // The outcome is not known before the ledger has it.
            Progress::Running | Progress::Over => ShownState::Running,
        },
        State::Ended { build, outcome, .. } | State::Reported { build, outcome, .. } => {
            ended(*outcome, facts.results.get(&build.number))
        }
        State::Cancelled { .. } => ShownState::Cancelled,
        State::Failed { .. } => ShownState::Unbuilt,
        _ => ShownState::Waiting,
    }
}

fn ended(outcome: Outcome, results: Option<&Results>) -> ShownState {
    match outcome {
        Outcome::Passed if results.is_none_or(Results::passed) => ShownState::Passed,
        Outcome::Passed => ShownState::Contradicted,
        Outcome::Failed if results.is_some_and(|results| results.verdict == Some(Verdict::Error)) => ShownState::Error,
        Outcome::Failed => ShownState::Failed,
        Outcome::Cancelled => ShownState::Cancelled,
        Outcome::Error | Outcome::Lost => ShownState::Error,
        Outcome::Deleted => ShownState::Deleted,
    }
}
