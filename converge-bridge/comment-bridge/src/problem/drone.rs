//! Problems with Drone.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Problem with Drone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DroneProblem {
    /// No connection, or the answer of another server.
    Unreachable,
    /// No answer before the deadline. Drone also takes that long for a repository without its `.drone.yml`.
    Slow,
    /// 429 or 5xx.
    Failing(u16),
    /// The token is not accepted.
    Refused,
    /// The repository or its branch does not exist, or is hidden.
    NotFound,
    /// An answer that makes no sense.
    Odd,
    /// No pipeline of the repository accepts the build.
    NoPipeline,
    /// Drone has too many builds to search through.
    Unprovable,
}

impl From<&http::Error> for DroneProblem {
    fn from(error: &http::Error) -> Self {
        use http::Error;
        match error {
            Error::Deadline { .. } => Self::Slow,
            _ if error.is_unreachable() => Self::Unreachable,
            Error::Failing { status, .. } => Self::Failing(*status),
            Error::Refused { .. } => Self::Refused,
            Error::NotFound { .. } => Self::NotFound,
            _ => Self::Odd,
        }
    }
}

impl fmt::Display for DroneProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("Drone cannot be reached"),
            Self::Slow => f.write_str("Drone does not answer in time"),
            Self::Failing(status) => write!(f, "Drone answers with error {status}"),
            Self::Refused => f.write_str("Drone refuses the bridge's token"),
            Self::NotFound => f.write_str("Drone does not show the CI repository or its branch"),
            Self::Odd => f.write_str("Drone's answer cannot be understood"),
            Self::NoPipeline => f.write_str("Drone finds no pipeline in the CI repository for this build"),
            Self::Unprovable => f.write_str("Drone has too many builds to find this one among them"),
        }
    }
}
