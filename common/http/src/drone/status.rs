//! Drone's words for the status of a build, a stage or a step.

use serde::{Deserialize, Serialize};

/// The status of a build, a stage or a step, in Drone's words: read from its answers, and sent by drone-runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not started.
    #[default]
    Pending,
    /// Running.
    Running,
    /// Ended with exit code 0.
    Success,
    /// Ended with another exit code.
    Failure,
    /// Stopped: cancelled, or past its deadline.
    Killed,
    /// Could not be started.
    Error,
    /// Left out, for the steps before it failed or did not fail.
    Skipped,
    /// Waits for an approval.
    Blocked,
    /// Approval was refused.
    Declined,
    /// Waits for other stages.
    WaitingOnDependencies,
    /// A word of a later version of Drone; counts as not ended.
    #[serde(other)]
    Unknown,
}

impl Status {
    /// True if it has ended.
    pub fn is_over(self) -> bool {
        match self {
            Self::Success | Self::Failure | Self::Killed | Self::Error | Self::Skipped | Self::Declined => true,
            Self::Pending | Self::Running | Self::Blocked | Self::WaitingOnDependencies | Self::Unknown => false,
        }
    }

    /// True if Drone cancels such a build on request.
    pub fn can_be_cancelled(self) -> bool {
        matches!(self, Self::Pending | Self::Running)
    }

    /// True for an end that fails the stage.
    pub fn is_failed(self) -> bool {
        matches!(self, Self::Failure | Self::Killed | Self::Error)
    }

    /// Drone's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Killed => "killed",
            Self::Error => "error",
            Self::Skipped => "skipped",
            Self::Blocked => "blocked",
            Self::Declined => "declined",
            Self::WaitingOnDependencies => "waiting_on_dependencies",
            Self::Unknown => "unknown",
        }
    }
}
