//! Chooses the next step for a trigger, from the ledger and a snapshot of Drone. Makes no calls.

use jiff::{SignedDuration, Timestamp};

use super::snapshot::{Snapshot, is_second_run};
use crate::trigger::{BuildRecord, Outcome, Progress};
use http::drone;
use http::drone::Status;

/// The time for which an authorisation is relied on.
const TRUST: SignedDuration = SignedDuration::from_secs(60);

/// From this many builds ahead on, only large steps in the queue are recorded.
const FAR: u32 = 10;

/// Facts about a trigger without a build, beside the snapshot of Drone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct PendingBuild {
    /// The id of the comment.
    pub comment: i64,
    /// The time of the comment, by Gitea's clock.
    pub created: Timestamp,
    /// The time of the author's authorisation, by our clock.
    pub authorised_at: Timestamp,
    /// True if a later comment cancels this one.
    pub is_cancelled: bool,
    /// True if an attempt of unknown outcome is old enough for a new one.
    pub may_retry: bool,
    /// True if no build of an attempt of unknown outcome can appear any more.
    pub may_forget: bool,
    /// True if the time of the next attempt has come.
    pub is_due: bool,
    /// True for a second run.
    pub is_second: bool,
}

/// The current time and the time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// The current time, by our clock.
    pub now: Timestamp,
    /// The greatest age of a comment that is still built, and of a build that does not start.
    pub give_up: SignedDuration,
    /// The timeout of a build; `None` if it is not known.
    pub timeout: Option<SignedDuration>,
}

/// The next step for a trigger without a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Make {
    /// Take the existing build.
    Adopt(drone::Build),
    /// Report that Drone has too many builds to search through.
    Unprovable,
    /// Wait: a build of an earlier attempt may still appear.
    AwaitOutcome,
    /// Record the cancellation; there is no build.
    Cancel,
    /// Record the failure; the time limit is over and there is no build.
    GiveUp,
    /// Wait until the next attempt is due.
    Backoff,
    /// Check the author and the comment again first.
    Reauthorise,
    /// Make the build.
    Create,
}

/// Chooses the next step for a trigger without a build.
pub fn make(pending: &PendingBuild, snapshot: &Snapshot, times: Times) -> Make {
    if let Some(build) = snapshot.first(pending.comment, pending.is_second) {
        return Make::Adopt(build.clone());
    }
    // By Drone's clock: ours may have been wrong when this machine started.
    let is_late = snapshot.time.duration_since(pending.created) > times.give_up;
    match () {
        () if !snapshot.is_complete_for(pending.comment) => {
            if is_late {
                Make::GiveUp
            } else {
                Make::Unprovable
            }
        }
        () if !pending.may_retry => Make::AwaitOutcome,
        () if pending.is_cancelled || is_late => match (pending.may_forget, pending.is_cancelled) {
            (false, _) => Make::AwaitOutcome,
            (true, true) => Make::Cancel,
            (true, false) => Make::GiveUp,
        },
        () if !pending.is_due => Make::Backoff,
        // After a step back of our clock, the age of the authorisation is unknown.
        () if !(SignedDuration::ZERO..=TRUST).contains(&times.now.duration_since(pending.authorised_at)) => {
            Make::Reauthorise
        }
        () => Make::Create,
    }
}

/// The next step for a trigger with a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// Later builds for the same comment; they are cancelled first.
    pub twins: Vec<i64>,
    /// The next step for the build itself.
    pub then: Then,
    /// True if Drone should have told the end of the build.
    pub is_overdue: bool,
}

/// The next step for a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// Report that Drone has too many builds to search through.
    Unprovable,
    /// Record the progress.
    Continue(BuildRecord),
    /// Cancel the build.
    Cancel,
    /// Cancel the build and record its end: Drone does not report the end of a build in this status, or of this age.
    Abandon(BuildRecord, Outcome),
    /// Record the end.
    End(BuildRecord, Outcome),
}

/// Facts about a trigger with a build, beside the snapshot of Drone.
#[derive(Debug, Clone, Copy)]
pub struct OpenBuild<'a> {
    /// The id of the comment.
    pub comment: i64,
    /// The build as last seen.
    pub known: &'a BuildRecord,
    /// The time at which it was last seen to change, by our clock.
    pub changed: Timestamp,
    /// True if a later comment cancels it.
    pub is_cancelled: bool,
    /// True if it has been overdue for longer than a report of its end may take.
    pub is_given_up: bool,
    /// True for the build of a second run.
    pub is_second: bool,
}

/// Chooses the next step for the build of a trigger. `alone` is Drone's answer for this build alone, which is only asked
/// for if the snapshot lacks the build.
pub fn follow(open: OpenBuild<'_>, snapshot: &Snapshot, alone: Option<&drone::Build>, times: Times) -> Follow {
    let OpenBuild { comment, known, is_cancelled, .. } = open;
    // An older ledger may be at the first run while Drone has the second one.
    let is_same_run = |build: &drone::Build| open.is_second || !is_second_run(build);
    let is_twin = |build: &&drone::Build| build.number != known.number && !build.status.is_over() && is_same_run(build);
    let twins = snapshot.of(comment).filter(is_twin).map(|build| build.number).collect();
    // A new Drone counts from 1 again, so the number may be another comment's build.
    let is_its = |build: &&drone::Build| build.trigger().is_none_or(|other| other == comment);
    let mut is_overdue = false;
    let then = match snapshot.number(known.number).or(alone).filter(is_its) {
        None if !snapshot.is_complete_for(comment) => Then::Unprovable,
        None => Then::End(BuildRecord { progress: Progress::Over, ..known.clone() }, Outcome::Deleted),
        Some(build) => {
            let now = record(build, snapshot);
            is_overdue = overdue(open, build, snapshot, times);
            let abandon = |outcome| Then::Abandon(BuildRecord { progress: Progress::Over, ..now.clone() }, outcome);
            match outcome(build.status) {
                Some(outcome) => Then::End(now, outcome),
                None if build.status.can_be_cancelled() && is_cancelled => Then::Cancel,
                None if is_cancelled => abandon(Outcome::Cancelled),
                None if is_overdue && open.is_given_up => {
                    abandon(if build.status == Status::Running { Outcome::Lost } else { Outcome::Error })
                }
                None => Then::Continue(now),
            }
        }
    };
    Follow { twins, then, is_overdue }
}

/// True if Drone should have told the end of a build: it runs for longer than its timeout, or has not started in time. A
/// step of one clock is no reason: Drone's clock and ours must agree.
fn overdue(open: OpenBuild<'_>, build: &drone::Build, snapshot: &Snapshot, times: Times) -> bool {
    let (since, limit) = match build.status {
        Status::Running => (build.started.max(build.created), times.timeout),
        status if status.is_over() => return false,
        _ => (build.created, Some(times.give_up)),
    };
    let age = SignedDuration::from_secs(snapshot.time.as_second().saturating_sub(since));
    limit.is_some_and(|limit| age > limit && times.now.duration_since(open.changed) > limit)
}

/// True if the progress is worth a change of the ledger. Far back in a queue a step forward is not: each one would edit
/// the comment of every waiting pull request.
pub fn is_worth_recording(known: &BuildRecord, now: &BuildRecord) -> bool {
    match (known.progress, now.progress) {
        (Progress::Queued { builds_ahead: then }, Progress::Queued { builds_ahead: now }) => {
            then != now && (now < FAR || then.abs_diff(now) >= FAR)
        }
        _ => known != now,
    }
}

/// The outcome of a build with this status; `None` before its end.
pub fn outcome(status: Status) -> Option<Outcome> {
    match status {
        Status::Success => Some(Outcome::Passed),
        Status::Failure => Some(Outcome::Failed),
        Status::Killed => Some(Outcome::Cancelled),
        Status::Error | Status::Skipped | Status::Declined => Some(Outcome::Error),
        Status::Pending | Status::Running | Status::Blocked | Status::WaitingOnDependencies | Status::Unknown => None,
    }
}

/// A build of Drone in the form of the ledger.
pub fn record(build: &drone::Build, snapshot: &Snapshot) -> BuildRecord {
    let time = |seconds: i64| Timestamp::from_second(seconds).ok().filter(|_| seconds > 0);
    let progress = match build.status {
        status if status.is_over() => Progress::Over,
        Status::Running => Progress::Running,
        _ => Progress::Queued { builds_ahead: snapshot.builds_ahead(build.number) },
    };
    BuildRecord { number: build.number, progress, started: time(build.started), finished: time(build.finished) }
}
