//! The build of a trigger: its order, and the build as last seen.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The order of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The pull request's head commit at the time of the comment.
    pub head: String,
    /// True for the short run.
    pub quick: bool,
    /// The earlier build of this order, which the server ended. The build of this order is the second and the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<i64>,
}

impl Order {
    /// The order of a first build.
    pub fn new(head: String, quick: bool) -> Self {
        Self { head, quick, repeats: None }
    }

    /// True if the build of one order answers the other one too.
    pub fn is_same(&self, other: &Self) -> bool {
        self.head == other.head && self.quick == other.quick
    }
}

/// A build as last seen in Drone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildRecord {
    /// The build's number in Drone, which is the run's id.
    pub number: i64,
    /// The progress of the build.
    pub progress: Progress,
    /// The start of the run, by Drone's clock.
    pub started: Option<Timestamp>,
    /// The end of the run, by Drone's clock.
    pub finished: Option<Timestamp>,
}

/// The progress of a build in the ledger: made from Drone's [`Status`](http::drone::Status) and its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Queued: no runner has taken the build.
    Queued {
        /// The number of builds before this one.
        builds_ahead: u32,
    },
    /// A runner has taken the build.
    Running,
    /// The build has ended.
    Over,
}

/// The outcome of a build in the ledger: made from Drone's last [`Status`](http::drone::Status), or set by the bridge when
/// Drone does not tell the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Drone reports success.
    Passed,
    /// Drone reports failure.
    Failed,
    /// Cancelled, by a comment or in Drone.
    Cancelled,
    /// Drone reports error, skipped or declined, or the build did not start in time.
    Error,
    /// Deleted from Drone.
    Deleted,
    /// Without news for longer than its timeout: the bridge ended it.
    Lost,
}
