//! How things are, in Drone's words.

use serde::{Deserialize, Serialize};

/// How a build, a stage or a step is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not begun.
    #[default]
    Pending,
    /// Under way.
    Running,
    /// Ended well.
    Success,
    /// Ended with another exit code than 0.
    Failure,
    /// Stopped from outside.
    Killed,
    /// Could not be run.
    Error,
    /// Was not to be run.
    Skipped,
    /// Waits for somebody's approval.
    Blocked,
    /// Was not approved.
    Declined,
    /// Waits for other stages.
    WaitingOnDependencies,
    /// A word of a later Drone.
    #[serde(other)]
    Unknown,
}

impl Status {
    /// Whether it has not come to an end.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Running | Self::Blocked | Self::WaitingOnDependencies | Self::Unknown)
    }

    /// Whether it counts against what comes after it.
    pub fn is_failed(self) -> bool {
        matches!(self, Self::Failure | Self::Killed | Self::Error)
    }

    /// Drone's word for it.
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
