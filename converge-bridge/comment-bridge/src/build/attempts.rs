//! Failed and unsettled attempts, and overdue builds. Kept in memory only: after a restart the first attempt is made at
//! once, and no step of the wall clock matters.

use std::collections::BTreeMap;
use std::time::Duration;

use base::backoff::Retries;
use jiff::SignedDuration;
use tokio::time::Instant;

use crate::stop::RETRIES;

/// The time after an attempt of unknown outcome during which its build may still appear; no new attempt until then.
const RETRY_AFTER: Duration = Duration::from_secs(20);

/// The time after such an attempt during which its trigger stays open, so that a later build is seen to be a twin.
const FORGET_AFTER: Duration = Duration::from_mins(1);

/// The time for which Drone may answer without the end of an overdue build: a runner reports an end again and again, also
/// after a restart of the machine.
const REPORTED_WITHIN: Duration = Duration::from_mins(15);

/// Failed and unsettled attempts.
#[derive(Debug)]
pub struct Attempts {
    /// Failures of Drone as a whole.
    pub drone: Retries,
    of: BTreeMap<i64, Attempt>,
}

/// The attempts for one trigger.
#[derive(Debug)]
struct Attempt {
    retries: Retries,
    /// The time of the last attempt of unknown outcome.
    unknown_since: Option<Instant>,
    /// The time since which Drone answers, and its build is overdue.
    overdue_since: Option<Instant>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { drone: RETRIES, of: BTreeMap::new() }
    }
}

impl Default for Attempt {
    fn default() -> Self {
        Self { retries: RETRIES, unknown_since: None, overdue_since: None }
    }
}

impl Attempts {
    /// True if the time of the next attempt has come.
    pub fn is_due(&self, comment: i64) -> bool {
        self.of.get(&comment).is_none_or(|of| of.retries.is_due())
    }

    /// Takes over an attempt of an earlier process, begun `ago` by the wall clock and at most `call` long. A clock that was
    /// set back counts as just now.
    pub fn recall(&mut self, comment: i64, ago: SignedDuration, call: Duration) {
        let ago = Duration::try_from(ago).unwrap_or_default();
        let unknown_since = (Instant::now() + call).checked_sub(ago);
        self.of.entry(comment).or_insert_with(|| Attempt { unknown_since, ..Attempt::default() });
    }

    /// True if an attempt of unknown outcome is old enough for a new attempt.
    pub fn may_retry(&self, comment: i64) -> bool {
        self.has_passed(comment, RETRY_AFTER)
    }

    /// True if an attempt of unknown outcome is so old that no build appears any more.
    pub fn may_forget(&self, comment: i64) -> bool {
        self.has_passed(comment, FORGET_AFTER)
    }

    fn has_passed(&self, comment: i64, time: Duration) -> bool {
        self.of.get(&comment).and_then(|of| of.unknown_since).is_none_or(|since| since + time <= Instant::now())
    }

    /// Records a request for a build, whose outcome is unknown until the answer. Returns the earlier such time.
    pub fn requested(&mut self, comment: i64) -> Option<Instant> {
        self.of.entry(comment).or_default().unknown_since.replace(Instant::now())
    }

    /// Records that the outcome of an attempt is known; `before` is the time of an earlier unknown one.
    pub fn outcome_known(&mut self, comment: i64, before: Option<Instant>) {
        self.of.entry(comment).or_default().unknown_since = before;
    }

    /// Records a failed attempt; the next one is later.
    pub fn failed(&mut self, comment: i64) {
        self.of.entry(comment).or_default().retries.failed(None);
    }

    /// Records a success. Builds of earlier attempts may still appear.
    pub fn succeeded(&mut self, comment: i64) {
        if let Some(of) = self.of.get_mut(&comment) {
            of.retries.succeeded();
        }
    }

    /// Records if the build of a trigger is overdue.
    pub fn set_overdue(&mut self, comment: i64, is_overdue: bool) {
        if is_overdue {
            self.of.entry(comment).or_default().overdue_since.get_or_insert_with(Instant::now);
        } else if let Some(of) = self.of.get_mut(&comment) {
            of.overdue_since = None;
        }
    }

    /// True if the build of a trigger has been overdue for so long that its end is not told any more.
    pub fn is_given_up(&self, comment: i64) -> bool {
        let since = self.of.get(&comment).and_then(|of| of.overdue_since);
        since.is_some_and(|since| since.elapsed() >= REPORTED_WITHIN)
    }

    /// Records that Drone as a whole failed, and returns the time to wait. No end can be told meanwhile.
    pub fn drone_failed(&mut self) -> Duration {
        self.of.values_mut().for_each(|of| of.overdue_since = None);
        self.drone.failed(None)
    }

    /// Forgets all triggers that are not open.
    pub fn keep(&mut self, is_open: impl Fn(i64) -> bool) {
        self.of.retain(|comment, _| is_open(*comment));
    }
}
