//! One time that passes, and three clocks that each differ from it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The owner of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockOf {
    /// The Gitea server.
    Gitea,
    /// The Drone server.
    Drone,
    /// The program under test.
    Caller,
}

/// The time that passes, and the offset of each clock.
#[derive(Debug, Clone)]
pub struct Clocks {
    began: Instant,
    begin: Timestamp,
    /// In milliseconds.
    offsets: [i64; 3],
}

impl Clocks {
    /// Clocks that begin at noon, Drone's 0.35 s ahead and the caller's 1.2 s behind.
    pub fn begin() -> Self {
        let begin = "2026-11-21T12:00:00Z".parse().unwrap();
        Self { began: Instant::now(), begin, offsets: [0, 350, -1_200] }
    }

    /// Three equal clocks that begin at this moment.
    pub fn begin_at(begin: Timestamp) -> Self {
        Self { began: Instant::now(), begin, offsets: [0; 3] }
    }

    /// The time since the beginning.
    pub fn passed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The time of a clock after so much has passed.
    pub fn at(&self, clock: ClockOf, passed: Duration) -> Timestamp {
        let offset = SignedDuration::from_millis(self.offsets[clock as usize]);
        self.begin + SignedDuration::try_from(passed).unwrap() + offset
    }

    /// The time of a clock.
    pub fn now(&self, clock: ClockOf) -> Timestamp {
        self.at(clock, self.passed())
    }

    /// Sets a clock forward or back.
    pub fn step(&mut self, clock: ClockOf, seconds: i64) {
        self.offsets[clock as usize] += seconds * 1000;
    }
}
