//! A trigger: a comment with a command, and its state.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use http::gitea::Head;
use http::names::Pull;

/// A comment with a command. The comment's id at Gitea identifies the trigger, here and in Drone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// The id of the comment at Gitea.
    pub comment: i64,
    /// The pull request of the comment.
    pub pull: Pull,
    /// The login of the author.
    pub author: String,
    /// The command.
    pub command: Command,
    /// The time of the comment, by Gitea's clock.
    pub created: Timestamp,
    /// The current state.
    pub state: State,
    /// The time of the last change of state, by our clock.
    pub changed: Timestamp,
    /// The current problem; a change of state removes it.
    pub problem: Option<Problem>,
}

/// The number of a pull request's newest triggers that are searched for a later cancel command.
pub const LOOK_BACK: usize = 200;

impl Trigger {
    /// True if one of the `newest` triggers of the pull request is a later cancel command that was decided already.
    pub fn is_cancelled_by(&self, newest: &[Self]) -> bool {
        newest.iter().any(|other| {
            other.comment > self.comment
                && other.command == Command::Cancel
                && matches!(other.state.kind(), StateKind::Cancelling | StateKind::Answered)
        })
    }
}

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// `!testme` and `!testme --quick`.
    Test {
        /// True for the short run.
        quick: bool,
    },
    /// `!testme cancel`
    Cancel,
    /// `!testme help`
    Help,
    /// `!testme` and an unknown argument; the answer is help.
    Unknown,
}

/// The state of a trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    /// Found and not decided yet.
    Seen {
        /// The order, if the trigger was authorised before and must be authorised again.
        #[serde(default)]
        order: Option<Order>,
        /// The head commit at the time of the comment, if a delivery told it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delivered_head: Option<String>,
    },
    /// End: the command is refused.
    Refused {
        /// The reason.
        reason: Refusal,
    },
    /// End: the comment was deleted or edited before it was decided.
    Forgotten,
    /// End: the bot's comment has the answer.
    Answered,
    /// End, unless the other trigger is taken back: a build with the same order was open already.
    Joined {
        /// The trigger with that build.
        joined_trigger: i64,
    },
    /// A build must be made.
    Authorised {
        /// The order of the build.
        order: Order,
        /// The time at which the author was last found to be allowed, by our clock.
        authorised_at: Timestamp,
        /// The time of the last request for the build, by our clock; recorded before the call.
        requested_at: Option<Timestamp>,
    },
    /// Earlier triggers of the pull request must be cancelled.
    Cancelling,
    /// End: cancelled before a build was made.
    Cancelled {
        /// The order, if the commit is known.
        order: Option<Order>,
    },
    /// Drone has the build.
    Building {
        /// The order of the build.
        order: Order,
        /// The build as last seen.
        build: BuildRecord,
    },
    /// The build is over; the bot's comment does not say so yet.
    Ended {
        /// The order of the build.
        order: Order,
        /// The build as last seen.
        build: BuildRecord,
        /// The outcome of the build.
        outcome: Outcome,
    },
    /// End: the build is over and the bot's comment says so.
    Reported {
        /// The order of the build.
        order: Order,
        /// The build as last seen.
        build: BuildRecord,
        /// The outcome of the build.
        outcome: Outcome,
    },
    /// End: no build could be made in time.
    Failed {
        /// The order, if the trigger was authorised.
        order: Option<Order>,
        /// The last problem.
        reason: Problem,
    },
}

/// The reason for a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The author is neither a member of the organisation nor on the allow list. Not published on the pull request.
    Stranger,
    /// The pull request is closed or merged.
    Closed,
    /// The repository is archived.
    Archived,
    /// The name of the repository is no recipe's.
    NoRecipe,
    /// The comment was too old when it was found.
    TooOld,
    /// The pull request's head, this one, is not known to be the head at the time of the comment.
    Moved(Head),
}

impl Refusal {
    /// The name for the dashboard.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::Closed => "closed",
            Self::Archived => "archived",
            Self::NoRecipe => "no_recipe",
            Self::TooOld => "too_old",
            Self::Moved(_) => "moved",
        }
    }
}

/// The order of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The pull request's head commit at the time of the comment.
    pub head: String,
    /// True for the short run.
    pub quick: bool,
    /// The earlier build of this order, which the server ended. The build of this order is the second and the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<i64>,
}

impl Order {
    /// The order of a first build.
    pub fn new(head: String, quick: bool) -> Self {
        Self { head, quick, repeats: None }
    }

    /// True if the build of one order answers the other one too.
    pub fn is_same(&self, other: &Self) -> bool {
        self.head == other.head && self.quick == other.quick
    }
}

/// A build as last seen in Drone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildRecord {
    /// The build's number in Drone, which is the run's id.
    pub number: i64,
    /// The progress of the build.
    pub progress: Progress,
    /// The start of the run, by Drone's clock.
    pub started: Option<Timestamp>,
    /// The end of the run, by Drone's clock.
    pub finished: Option<Timestamp>,
}

/// The progress of a build in the ledger: made from Drone's [`Status`](http::drone::Status) and its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Queued: no runner has taken the build.
    Queued {
        /// The number of builds before this one.
        builds_ahead: u32,
    },
    /// A runner has taken the build.
    Running,
    /// The build has ended.
    Over,
}

/// The outcome of a build in the ledger: made from Drone's last [`Status`](http::drone::Status), or set by the bridge when
/// Drone does not tell the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Drone reports success.
    Passed,
    /// Drone reports failure.
    Failed,
    /// Cancelled, by a comment or in Drone.
    Cancelled,
    /// Drone reports error, skipped or declined, or the build did not start in time.
    Error,
    /// Deleted from Drone.
    Deleted,
    /// Without news for longer than its timeout: the bridge ended it.
    Lost,
}

/// The kind of a state, by which the ledger finds triggers.
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
    /// Every kind, in the order in which a trigger may pass them.
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

    /// The name in the ledger, in metrics and for the dashboard.
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

    /// True if only the report remains to be done.
    pub fn is_end(self) -> bool {
        !matches!(self, Self::Seen | Self::Authorised | Self::Cancelling | Self::Building | Self::Ended)
    }

    /// True if a trigger of this kind may become one of the kind `next`.
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
            // Back to seen: after a long wait for Drone the author is checked again.
            Self::Authorised => {
                matches!(next, Self::Seen | Self::Authorised | Self::Cancelled | Self::Building | Self::Failed)
            }
            Self::Cancelling => matches!(next, Self::Answered | Self::Failed),
            // Back to seen: the server ended the build, and it is run once more.
            Self::Building => matches!(next, Self::Building | Self::Ended | Self::Seen),
            Self::Ended => next == Self::Reported,
            // Back to seen: the joined trigger was taken back.
            Self::Joined => next == Self::Seen,
            Self::Refused | Self::Forgotten | Self::Answered | Self::Cancelled | Self::Reported | Self::Failed => false,
        }
    }
}

impl State {
    /// The state of a new trigger.
    pub fn found(delivered_head: Option<String>) -> Self {
        Self::Seen { order: None, delivered_head }
    }

    /// The state of a trigger with this order whose author must be authorised again.
    pub fn unauthorised(order: &Order) -> Self {
        Self::Seen { order: Some(order.clone()), delivered_head: None }
    }

    /// The kind of this state.
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

    /// The order, in states that have one.
    pub fn order(&self) -> Option<&Order> {
        match self {
            Self::Authorised { order, .. }
            | Self::Building { order, .. }
            | Self::Ended { order, .. }
            | Self::Reported { order, .. } => Some(order),
            Self::Seen { order, .. } | Self::Cancelled { order } | Self::Failed { order, .. } => order.as_ref(),
            _ => None,
        }
    }

    /// The build, in states that have one.
    pub fn build(&self) -> Option<&BuildRecord> {
        match self {
            Self::Building { build, .. } | Self::Ended { build, .. } | Self::Reported { build, .. } => Some(build),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
