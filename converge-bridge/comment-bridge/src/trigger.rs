//! A trigger: a comment that asks for something, and what became of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use http::names::Pull;

/// A comment that asks for something. Its id at Gitea is its identity, here and in Drone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// The comment's id.
    pub comment: i64,
    /// On which pull request.
    pub pull: Pull,
    /// Who wrote it.
    pub author: String,
    /// What it asks for.
    pub command: Command,
    /// When it was written, by Gitea's clock.
    pub created: Timestamp,
    /// What became of it so far.
    pub state: State,
    /// When that was, by our clock.
    pub changed: Timestamp,
    /// What stands in the way at present; gone once the state changes.
    pub problem: Option<String>,
}

/// What a comment asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// `!testme` and `!testme --quick`.
    Test {
        /// Whether by the short way.
        quick: bool,
    },
    /// `!testme cancel`
    Cancel,
    /// `!testme help`
    Help,
    /// `!testme` and something else: answered with help.
    Unknown,
}

/// What became of a trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    /// Found, nothing decided.
    Seen {
        /// The head commit, where it was resolved before and the author must be asked for again.
        head: Option<String>,
    },
    /// An end: it is not done, and why.
    Refused {
        /// Why not.
        reason: Refusal,
    },
    /// An end: the comment was deleted or edited before it was taken.
    Forgotten,
    /// An end: the comment of the pull request says it.
    Answered,
    /// An end, unless that trigger is taken back: a build of the same head and mode ran already.
    Joined {
        /// The trigger of that build.
        joined_trigger: i64,
    },
    /// A build is to be made.
    Authorised {
        /// Of what.
        order: Order,
        /// Since when the author is known to be allowed, by our clock.
        authorised_at: Timestamp,
        /// When the build was last asked for, by our clock; written before the call.
        requested_at: Option<Timestamp>,
    },
    /// Earlier triggers of the pull request are to be cancelled.
    Cancelling,
    /// An end: cancelled before a build was made.
    Cancelled {
        /// The commit it was for.
        order: Option<Order>,
    },
    /// Drone has the build.
    Building {
        /// Of what.
        order: Order,
        /// The build.
        build: Build,
    },
    /// The build is over; the comment does not say so yet.
    Ended {
        /// Of what.
        order: Order,
        /// The build.
        build: Build,
        /// How it ended.
        outcome: Outcome,
    },
    /// An end: the build is over and the comment says so.
    Reported {
        /// Of what.
        order: Order,
        /// The build.
        build: Build,
        /// How it ended.
        outcome: Outcome,
    },
    /// An end: no build could be made in time.
    Failed {
        /// Of what.
        order: Option<Order>,
        /// What stood in the way, in the end.
        reason: String,
    },
}

/// Why a trigger is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The author is neither a member of the organisation nor on the allow list. Not said in the pull request.
    Stranger,
    /// The pull request is closed or merged.
    Closed,
    /// The repository is archived.
    Archived,
    /// It was written too long before it was found.
    TooOld,
}

/// What to build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The pull request's head commit when it was asked for.
    pub head: String,
    /// Whether by the short way.
    pub quick: bool,
}

/// A build, as last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// Its number: the run's id.
    pub number: i64,
    /// Whether it waits or runs.
    pub progress: Progress,
    /// When it began to run, by Drone's clock.
    pub started: Option<Timestamp>,
    /// When it was over, by Drone's clock.
    pub finished: Option<Timestamp>,
}

/// Whether a build waits or runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It waits.
    Queued {
        /// How many builds are before it.
        builds_ahead: u32,
    },
    /// It runs.
    Running,
    /// It is over.
    Over,
}

/// How a build ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Drone says success.
    Passed,
    /// Drone says failure.
    Failed,
    /// Cancelled, by a comment or in Drone.
    Cancelled,
    /// Drone says error, skipped, blocked or declined: it never ran as it should.
    Error,
    /// Somebody deleted it from Drone.
    Deleted,
}

/// A kind of state: what the ledger looks triggers up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is the state of the same name")]
pub enum StateKind {
    Seen,
    Refused,
    Forgotten,
    Answered,
    Joined,
    Authorised,
    Cancelling,
    Cancelled,
    Building,
    Ended,
    Reported,
    Failed,
}

impl StateKind {
    /// Every kind, in the order a trigger may take them.
    pub const ALL: [Self; 12] = [
        Self::Seen,
        Self::Refused,
        Self::Forgotten,
        Self::Answered,
        Self::Joined,
        Self::Authorised,
        Self::Cancelling,
        Self::Cancelled,
        Self::Building,
        Self::Ended,
        Self::Reported,
        Self::Failed,
    ];

    /// Its name, in the ledger, in metrics and for the dashboard.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Refused => "refused",
            Self::Forgotten => "forgotten",
            Self::Answered => "answered",
            Self::Joined => "joined",
            Self::Authorised => "authorised",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
            Self::Building => "building",
            Self::Ended => "ended",
            Self::Reported => "reported",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing is to be done any more, but to say it.
    pub fn is_end(self) -> bool {
        !matches!(self, Self::Seen | Self::Authorised | Self::Cancelling | Self::Building | Self::Ended)
    }

    /// Whether a trigger of this kind may become one of the `next`.
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Seen => matches!(
                next,
                Self::Refused
                    | Self::Forgotten
                    | Self::Answered
                    | Self::Joined
                    | Self::Authorised
                    | Self::Cancelling
                    | Self::Cancelled
                    | Self::Failed
            ),
            // Back to seen: who waits long for Drone is asked for again.
            Self::Authorised => {
                matches!(next, Self::Seen | Self::Authorised | Self::Cancelled | Self::Building | Self::Failed)
            }
            Self::Cancelling => matches!(next, Self::Answered | Self::Failed),
            Self::Building => matches!(next, Self::Building | Self::Ended),
            Self::Ended => next == Self::Reported,
            // Back to seen: what it joined was taken back.
            Self::Joined => next == Self::Seen,
            Self::Refused | Self::Forgotten | Self::Answered | Self::Cancelled | Self::Reported | Self::Failed => false,
        }
    }
}

impl State {
    /// Which kind it is of.
    pub fn kind(&self) -> StateKind {
        match self {
            Self::Seen { .. } => StateKind::Seen,
            Self::Refused { .. } => StateKind::Refused,
            Self::Forgotten => StateKind::Forgotten,
            Self::Answered => StateKind::Answered,
            Self::Joined { .. } => StateKind::Joined,
            Self::Authorised { .. } => StateKind::Authorised,
            Self::Cancelling => StateKind::Cancelling,
            Self::Cancelled { .. } => StateKind::Cancelled,
            Self::Building { .. } => StateKind::Building,
            Self::Ended { .. } => StateKind::Ended,
            Self::Reported { .. } => StateKind::Reported,
            Self::Failed { .. } => StateKind::Failed,
        }
    }

    /// What is or was to be built.
    pub fn order(&self) -> Option<&Order> {
        match self {
            Self::Authorised { order, .. }
            | Self::Building { order, .. }
            | Self::Ended { order, .. }
            | Self::Reported { order, .. } => Some(order),
            Self::Cancelled { order } | Self::Failed { order, .. } => order.as_ref(),
            _ => None,
        }
    }

    /// Its build, where there is one.
    pub fn build(&self) -> Option<&Build> {
        match self {
            Self::Building { build, .. } | Self::Ended { build, .. } | Self::Reported { build, .. } => Some(build),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
