//! What is to be done about a trigger, from what the ledger and Drone say of it. Nothing is asked here.

use jiff::{SignedDuration, Timestamp};

use super::snapshot::Snapshot;
use crate::trigger::{Build, Outcome, Progress};
use http::drone;
use http::drone::Status;

/// How long it is relied on that an author was allowed.
const TRUST: SignedDuration = SignedDuration::from_secs(60);

/// How many builds before another make it far back.
const FAR: u32 = 10;

/// What is known of a trigger that is to be built, beside what Drone has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct Wanted {
    /// Its comment.
    pub comment: i64,
    /// When the comment was written.
    pub created: Timestamp,
    /// Since when its author is known to be allowed.
    pub since: Timestamp,
    /// Whether a later comment cancels it.
    pub cancelled: bool,
    /// Whether it is time for another attempt after one of unknown outcome.
    pub settled: bool,
    /// Whether no build may come any more of an attempt of unknown outcome.
    pub quiet: bool,
    /// Whether it is time for the next attempt.
    pub due: bool,
}

/// What time it is, and how long is waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// By our clock.
    pub now: Timestamp,
    /// How old a comment may be that is still built.
    pub give_up: SignedDuration,
}

/// What is to be done about a trigger that is to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Make {
    /// Its build is there.
    Adopt(drone::Build),
    /// Nobody can tell whether its build is there.
    Unprovable,
    /// A build may still come of an earlier attempt.
    Settle,
    /// It is cancelled, and there is no build.
    Drop,
    /// It took too long, and there is no build.
    GiveUp,
    /// It is not yet time for the next attempt.
    Rest,
    /// Its author and its comment are to be looked at again first.
    Doubt,
    /// Its build is to be made.
    Create,
}

/// Decides about a trigger that is to be built.
pub fn make(wanted: &Wanted, snapshot: &Snapshot, times: Times) -> Make {
    if let Some(build) = snapshot.first(wanted.comment) {
        return Make::Adopt(build.clone());
    }
    // By Drone's clock: ours may have been wrong when this machine started.
    let is_late = snapshot.time.duration_since(wanted.created) > times.give_up;
    match () {
        () if !snapshot.whole => {
            if is_late {
                Make::GiveUp
            } else {
                Make::Unprovable
            }
        }
        () if !wanted.settled => Make::Settle,
        () if wanted.cancelled || is_late => match (wanted.quiet, wanted.cancelled) {
            (false, _) => Make::Settle,
            (true, true) => Make::Drop,
            (true, false) => Make::GiveUp,
        },
        () if !wanted.due => Make::Rest,
        // A clock that was set back says nothing of how long ago it was.
        () if !(SignedDuration::ZERO..=TRUST).contains(&times.now.duration_since(wanted.since)) => Make::Doubt,
        () => Make::Create,
    }
}

/// What is to be done about a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// Later builds for the same comment, which are to be cancelled first.
    pub twins: Vec<i64>,
    /// What is to be done about itself then.
    pub then: Then,
}

/// What is to be done about a build itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// Nobody can tell what became of it.
    Unprovable,
    /// It goes on like this.
    Goes(Build),
    /// It is to be cancelled.
    Cancel,
    /// It is to be cancelled, and because Drone never says of such a build that it is, it is over then.
    Abandon(Build, Outcome),
    /// It is over.
    End(Build, Outcome),
}

/// Decides about the build of a trigger. `alone` is the build as Drone told when it was asked for it alone, which is only
/// done when the snapshot does not have it.
pub fn follow(
    comment: i64,
    known: &Build,
    cancelled: bool,
    snapshot: &Snapshot,
    alone: Option<&drone::Build>,
    times: Times,
) -> Follow {
    let is_twin = |build: &&drone::Build| build.number != known.number && !build.status.is_over();
    let twins = snapshot.of(comment).filter(is_twin).map(|build| build.number).collect();
    // A Drone that began anew counts from 1 again.
    let is_its = |build: &&drone::Build| build.trigger().is_none_or(|other| other == comment);
    let then = match snapshot.number(known.number).or(alone).filter(is_its) {
        None if !snapshot.whole => Then::Unprovable,
        None => Then::End(Build { progress: Progress::Over, ..known.clone() }, Outcome::Deleted),
        Some(build) => {
            let seen = seen(build, snapshot);
            let age = snapshot.time.as_second().saturating_sub(build.created);
            match outcome(build.status) {
                Some(outcome) => Then::End(seen, outcome),
                None if build.status.can_be_cancelled() && cancelled => Then::Cancel,
                None if build.status.can_be_cancelled() => Then::Goes(seen),
                None if cancelled => Then::Abandon(Build { progress: Progress::Over, ..seen }, Outcome::Cancelled),
                None if age > times.give_up.as_secs() => {
                    Then::Abandon(Build { progress: Progress::Over, ..seen }, Outcome::Error)
                }
                None => Then::Goes(seen),
            }
        }
    };
    Follow { twins, then }
}

/// Whether it is worth writing down that a build is like this `now`. Far back in a queue, a step forward is not: each
/// would be an edit of every comment that waits.
pub fn is_news(known: &Build, now: &Build) -> bool {
    match (known.progress, now.progress) {
        (Progress::Queued { builds_ahead: then }, Progress::Queued { builds_ahead: now }) => {
            then != now && (now < FAR || then.abs_diff(now) >= FAR)
        }
        _ => known != now,
    }
}

/// How a build ended, when it did.
pub fn outcome(status: Status) -> Option<Outcome> {
    match status {
        Status::Success => Some(Outcome::Passed),
        Status::Failure => Some(Outcome::Failed),
        Status::Killed => Some(Outcome::Cancelled),
        Status::Error | Status::Skipped | Status::Declined => Some(Outcome::Error),
        Status::Pending | Status::Running | Status::Blocked | Status::Unknown => None,
    }
}

/// A build as the ledger has it.
pub fn seen(build: &drone::Build, snapshot: &Snapshot) -> Build {
    let time = |seconds: i64| Timestamp::from_second(seconds).ok().filter(|_| seconds > 0);
    let progress = match build.status {
        status if status.is_over() => Progress::Over,
        Status::Running => Progress::Running,
        _ => Progress::Queued { builds_ahead: snapshot.before(build.number) },
    };
    Build { number: build.number, progress, started: time(build.started), finished: time(build.finished) }
}
