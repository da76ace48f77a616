//! When to try again. Kept in memory only: whoever starts anew tries at once, and no step of a clock matters.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

/// How long after an attempt of unknown outcome its build may still come.
pub const SETTLE: Duration = Duration::from_secs(20);

/// The longest wait between two attempts.
const LONGEST: Duration = Duration::from_mins(1);

/// When to try again.
#[derive(Debug, Default)]
pub struct Patience {
    /// Drone as a whole.
    failures: u32,
    of: BTreeMap<i64, Attempts>,
}

#[derive(Debug, Default)]
struct Attempts {
    failures: u32,
    due: Option<Instant>,
    settled: Option<Instant>,
}

impl Patience {
    /// Drone did not answer: how long to leave it alone.
    pub fn failed(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        pause(self.failures)
    }

    /// Drone answered. Says whether it did not before.
    pub fn answered(&mut self) -> bool {
        std::mem::take(&mut self.failures) > 0
    }

    /// Whether Drone did not answer when it was last asked.
    pub fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// Whether it is time for the next attempt.
    pub fn is_due(&self, comment: i64) -> bool {
        self.of.get(&comment).and_then(|of| of.due).is_none_or(|due| due <= Instant::now())
    }

    /// Whether no build may still come of an earlier attempt, which was begun so long ago by a wall clock, and took up
    /// to `call`. That clock is only asked about attempts from before this process began; set back, it says just now.
    pub fn is_settled(&mut self, comment: i64, ago: Option<SignedDuration>, call: Duration) -> bool {
        let now = Instant::now();
        if let Some(ago) = ago
            && !self.of.contains_key(&comment)
        {
            let ago = Duration::try_from(ago).unwrap_or_default();
            self.of.entry(comment).or_default().settled = Some(now + (SETTLE + call).saturating_sub(ago));
        }
        self.of.get(&comment).and_then(|of| of.settled).is_none_or(|settled| settled <= now)
    }

    /// A build is asked for. Answers when the attempts before are settled.
    pub fn asked(&mut self, comment: i64) -> Option<Instant> {
        self.of.entry(comment).or_default().settled.replace(Instant::now() + SETTLE)
    }

    /// Nothing came of an attempt, for certain; those `before` it are as they were.
    pub fn is_clear(&mut self, comment: i64, before: Option<Instant>) {
        self.of.entry(comment).or_default().settled = before;
    }

    /// An attempt failed; the next one is later.
    pub fn put_off(&mut self, comment: i64) {
        let of = self.of.entry(comment).or_default();
        of.failures = of.failures.saturating_add(1);
        of.due = Some(Instant::now() + pause(of.failures));
    }

    /// An attempt succeeded.
    pub fn succeeded(&mut self, comment: i64) {
        self.of.remove(&comment);
    }

    /// Forgets all but these.
    pub fn keep(&mut self, is_open: impl Fn(i64) -> bool) {
        self.of.retain(|comment, _| is_open(*comment));
    }
}

/// Between half and all of 1 s, 2 s, 4 s, … 60 s.
fn pause(failures: u32) -> Duration {
    let doubled = Duration::from_secs(1 << (failures.clamp(1, 7) - 1)).min(LONGEST);
    doubled.mul_f64(0.5 + fastrand::f64() / 2.0)
}
