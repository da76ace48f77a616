//! The clocks: one time that passes, and three that each show it wrong in a way of their own.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Whose clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Gitea,
    Drone,
    Bridge,
}

/// The time that passes, and how far each clock is off, in milliseconds.
#[derive(Debug, Clone)]
pub struct Time {
    began: Instant,
    off: [i64; 3],
}

impl Time {
    pub fn begin() -> Self {
        Self { began: Instant::now(), off: [0, 350, -1_200] }
    }

    /// How much of it has passed.
    pub fn passed(&self) -> Duration {
        self.began.elapsed()
    }

    /// What somebody's clock showed when so much had passed.
    pub fn shown(&self, whose: Whose, passed: Duration) -> Timestamp {
        let noon: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        noon + SignedDuration::try_from(passed).unwrap() + SignedDuration::from_millis(self.off[whose as usize])
    }

    /// What somebody's clock shows.
    pub fn now(&self, whose: Whose) -> Timestamp {
        self.shown(whose, self.passed())
    }

    pub fn step(&mut self, whose: Whose, seconds: i64) {
        self.off[whose as usize] += seconds * 1000;
    }
}
