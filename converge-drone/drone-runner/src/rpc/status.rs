//! Drone's words for the status of a build, a stage or a step.

use serde::{Deserialize, Serialize};

/// The status of a build, a stage or a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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
    /// A word of a later version of Drone.
    #[serde(other)]
    Unknown,
}

impl Status {
    /// True until the end.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Running | Self::Blocked | Self::WaitingOnDependencies | Self::Unknown)
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
