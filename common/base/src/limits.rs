//! The deadlines of a converger.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::configuration::Problem;

/// Deadlines of one run. Every wait has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Seconds a whole run may take.
    pub run_seconds: u32,
    /// Seconds to wait after the last change for services to settle and probes to answer.
    pub wait_seconds: u32,
    /// Seconds one call to Docker, Gitea or another service may take.
    pub call_seconds: u32,
    /// Seconds to wait for another run of the same converger to end.
    pub lock_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { run_seconds: 600, wait_seconds: 180, call_seconds: 30, lock_seconds: 60 }
    }
}

impl Limits {
    /// Deadline of a whole run.
    pub fn run(self) -> Duration {
        Duration::from_secs(self.run_seconds.into())
    }

    /// Deadline of waits after the last change.
    pub fn wait(self) -> Duration {
        Duration::from_secs(self.wait_seconds.into())
    }

    /// Deadline of one call.
    pub fn call(self) -> Duration {
        Duration::from_secs(self.call_seconds.into())
    }

    /// Deadline of waiting for another run.
    pub fn lock(self) -> Duration {
        Duration::from_secs(self.lock_seconds.into())
    }

    /// Returns the problems of these limits.
    pub fn problems(self) -> Vec<Problem> {
        let each = [
            ("run_seconds", self.run_seconds),
            ("wait_seconds", self.wait_seconds),
            ("call_seconds", self.call_seconds),
            ("lock_seconds", self.lock_seconds),
        ];
        let mut problems: Vec<Problem> = each
            .iter()
            .filter(|(_, seconds)| *seconds == 0)
            .map(|(name, _)| {
                Problem::new(format!("limits.{name}"), "is 0, so nothing could ever end in time", "give at least 1")
            })
            .collect();
        for (name, seconds) in &each[1..] {
            if *seconds > self.run_seconds {
                problems.push(Problem::new(
                    format!("limits.{name}"),
                    format!("is {seconds}, longer than the whole run may take ({})", self.run_seconds),
                    format!("raise limits.run_seconds or lower limits.{name}"),
                ));
            }
        }
        problems
    }
}
