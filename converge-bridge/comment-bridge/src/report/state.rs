//! The state of publishing on one pull request. Kept in memory only.

use std::time::Duration;

use base::backoff::Retries;
use tokio::time::Instant;

use super::problem;
use crate::stop::{self, RETRIES};

/// The result of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// True if Gitea was called and answered.
    pub has_called: bool,
    /// The time of the next report for the same revision; `None` if it is complete.
    pub again_at: Option<Instant>,
}

/// The time for which a call of unknown outcome may still have an effect.
const SETTLE: Duration = Duration::from_secs(30);
/// The least time between two edits with the same topic.
const COOLDOWN: Duration = Duration::from_secs(5);
/// The time for which the head of a pull request is taken as unchanged.
const HEAD: Duration = Duration::from_secs(10);
/// The least wait after Gitea refused once, twice, and more often.
const REFUSED: [Duration; 3] = [Duration::from_secs(10), Duration::from_mins(1), Duration::from_mins(10)];

/// The revision of a dirty pull request in the ledger; `None` for one that is not dirty.
pub type Revision = Option<i64>;

/// The state of publishing on one pull request.
#[derive(Debug)]
pub struct PublishState {
    /// Calls of unknown outcome for the comment.
    pub comment: OutcomeUnknown,
    /// Calls of unknown outcome for commit statuses.
    pub commits: OutcomeUnknown,
    retries: Retries,
    refusals: usize,
    not_before: Option<Instant>,
    /// The revision that waits for `not_before`; any other one does not. `None`: every revision waits.
    put_off: Option<Revision>,
    edited: Option<Instant>,
    head: Option<(Instant, String)>,
}

impl Default for PublishState {
    fn default() -> Self {
        Self {
            comment: OutcomeUnknown::default(),
            commits: OutcomeUnknown::default(),
            retries: RETRIES,
            refusals: 0,
            not_before: None,
            put_off: None,
            edited: None,
            head: None,
        }
    }
}

/// The time of the last failed call that may still have an effect.
#[derive(Debug, Default)]
pub struct OutcomeUnknown(Option<Instant>);

impl OutcomeUnknown {
    /// Records a failed call that may still have an effect.
    pub fn begin(&mut self) {
        self.0 = Some(Instant::now());
    }

    /// The end of the time in which such a call may have an effect. A call that an earlier process `noted` counts as new.
    pub fn until(&mut self, noted: bool) -> Option<Instant> {
        if noted && self.0.is_none() {
            self.begin();
        }
        self.0.map(|since| since + SETTLE)
    }

    /// True while a call may still have an effect.
    pub fn is_pending(&self) -> bool {
        self.0.is_some()
    }

    /// Records that no call may have an effect any more.
    pub fn end(&mut self) {
        self.0 = None;
    }
}

impl PublishState {
    /// The time from which this revision may be reported; `None` if it was never put off.
    pub fn due(&self, revision: Revision) -> Option<Instant> {
        self.not_before.filter(|_| self.put_off.is_none_or(|put_off| put_off == revision))
    }

    /// True while the state matters for a pull request that is not dirty.
    pub fn is_needed(&self, now: Instant) -> bool {
        let last = [self.edited.map(|at| at + COOLDOWN), self.head.as_ref().map(|(at, _)| *at + HEAD), self.not_before];
        self.comment.is_pending() || self.commits.is_pending() || last.into_iter().flatten().any(|until| until > now)
    }

    /// Records that this revision was reported.
    pub fn succeeded(&mut self, revision: Revision, reported: Reported) {
        self.retries.succeeded();
        self.refusals = 0;
        self.not_before = reported.again_at;
        self.put_off = reported.again_at.map(|_| revision);
    }

    /// Records a failed call.
    pub fn failed(&mut self, error: &http::Error) {
        let mut pause = self.retries.failed(error.wait());
        if !stop::is_of_the_server(error) && problem::had_no_effect(error) {
            pause = pause.max(REFUSED[self.refusals.min(REFUSED.len() - 1)]);
            self.refusals += 1;
        }
        self.not_before = Some(Instant::now() + pause);
        self.put_off = None;
    }

    /// The number of failures in a row.
    pub fn failures(&self) -> u32 {
        self.retries.failures()
    }

    /// The time of the next edit with the same topic; `None` if it may be made now.
    pub fn edit_cooldown(&self) -> Option<Instant> {
        self.edited.map(|at| at + COOLDOWN).filter(|until| *until > Instant::now())
    }

    /// Records an edit of the comment.
    pub fn edited(&mut self) {
        self.edited = Some(Instant::now());
    }

    /// The pull request's head, if it was read a moment ago.
    pub fn head(&self) -> Option<&str> {
        self.head.as_ref().filter(|(at, _)| at.elapsed() < HEAD).map(|(_, head)| head.as_str())
    }

    /// Records the pull request's head.
    pub fn set_head(&mut self, head: &str) {
        self.head = Some((Instant::now(), head.to_owned()));
    }
}
