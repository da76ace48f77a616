//! Drone's answer on the ends of a build's stages.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::Status;

/// End of a stage's error if the server ended its build, which can be started again as it is. drone-runner writes it,
/// comment-bridge reads it.
pub const START_AGAIN: &str = "start the build again";

/// A stage of a build.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Stage {
    /// The status.
    pub status: Status,
    /// The error, empty for none.
    #[serde(default)]
    pub error: String,
    /// The number of steps that its runner has begun with.
    #[serde(default, deserialize_with = "count")]
    pub steps: usize,
}

impl Stage {
    /// True if the runner ended it, not its steps: an error after the runner had begun with the steps, or a runner that
    /// ended before.
    pub fn was_ended_by_its_runner(&self) -> bool {
        self.status == Status::Error && (self.steps > 0 || self.error.ends_with(START_AGAIN))
    }
}

fn count<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let steps: Option<Vec<IgnoredAny>> = Option::deserialize(from)?;
    Ok(steps.map_or(0, |steps| steps.len()))
}
