//! The problem of a trigger, in words for a pull request: never an address, a text of a server, or a hint for an operator.
//!
//! Only these words can reach a pull request: the ledger stores the kind of a problem, not a text. The error itself is in
//! the health report and in the log.

mod drone;
mod gitea;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

pub use drone::DroneProblem;
pub use gitea::GiteaProblem;

/// Problem of a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// A problem with Drone.
    Drone(DroneProblem),
    /// A problem with Gitea.
    Gitea(GiteaProblem),
    /// No build could be made in time, without a failure.
    Late,
    /// A problem of another version of the bridge.
    Unknown,
}

impl Problem {
    fn of(value: &Value) -> Self {
        let drone = || Some(Self::Drone(DroneProblem::deserialize(value.get("drone")?).ok()?));
        let gitea = || Some(Self::Gitea(GiteaProblem::deserialize(value.get("gitea")?).ok()?));
        let late = || (value == "late").then_some(Self::Late);
        drone().or_else(gitea).or_else(late).unwrap_or(Self::Unknown)
    }
}

impl<'de> Deserialize<'de> for Problem {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self::of(&Value::deserialize(from)?))
    }
}

impl From<DroneProblem> for Problem {
    fn from(problem: DroneProblem) -> Self {
        Self::Drone(problem)
    }
}

impl From<GiteaProblem> for Problem {
    fn from(problem: GiteaProblem) -> Self {
        Self::Gitea(problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drone(problem) => problem.fmt(f),
            Self::Gitea(problem) => problem.fmt(f),
            Self::Late => f.write_str("no build could be made in time"),
            Self::Unknown => f.write_str("the bridge met a problem"),
        }
    }
}

#[cfg(test)]
mod tests;
