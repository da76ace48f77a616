//! When to try again. Kept in memory only: whoever starts anew tries at once, and no step of a clock matters.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

/// How long after an attempt of unknown outcome its build may still come.
const SETTLE: Duration = Duration::from_secs(20);

/// How long after it a trigger is not let go of, so that a build which comes even later is seen to be a twin.
const LINGER: Duration = Duration::from_mins(1);

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
    /// When the last attempt of unknown outcome was made.
    unclear: Option<Instant>,
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

    /// An attempt from before this process began is known to have been begun so long ago by a wall clock, and took up to
    /// `call`. A clock that was set back says just now.
    pub fn recall(&mut self, comment: i64, ago: SignedDuration, call: Duration) {
        let ago = Duration::try_from(ago).unwrap_or_default();
        let unclear = (Instant::now() + call).checked_sub(ago);
        self.of.entry(comment).or_insert_with(|| Attempts { unclear, ..Attempts::default() });
    }

    /// Whether so long has passed since an attempt of unknown outcome that the next one may be made.
    pub fn is_settled(&self, comment: i64) -> bool {
        self.has_passed(comment, SETTLE)
    }

    /// Whether so long has passed since an attempt of unknown outcome that no build will come of it.
    pub fn is_quiet(&self, comment: i64) -> bool {
        self.has_passed(comment, LINGER)
    }

    fn has_passed(&self, comment: i64, time: Duration) -> bool {
        self.of.get(&comment).and_then(|of| of.unclear).is_none_or(|unclear| unclear + time <= Instant::now())
    }

    /// A build is asked for, and what comes of it is not known. Answers when that was so before.
    pub fn asked(&mut self, comment: i64) -> Option<Instant> {
        self.of.entry(comment).or_default().unclear.replace(Instant::now())
    }

    /// What came of an attempt is known; those `before` it are as they were.
    pub fn is_clear(&mut self, comment: i64, before: Option<Instant>) {
        self.of.entry(comment).or_default().unclear = before;
    }

    /// An attempt failed; the next one is later.
    pub fn put_off(&mut self, comment: i64) {
        let of = self.of.entry(comment).or_default();
        of.failures = of.failures.saturating_add(1);
        of.due = Some(Instant::now() + pause(of.failures));
    }

    /// It succeeded; what may come of earlier attempts may still come.
    pub fn succeeded(&mut self, comment: i64) {
        if let Some(of) = self.of.get_mut(&comment) {
            (of.failures, of.due) = (0, None);
        }
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
