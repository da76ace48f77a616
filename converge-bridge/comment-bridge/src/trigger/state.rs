//! The states of a trigger.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BuildRecord, Order, Outcome, Refusal, StateKind};
use crate::problem::Problem;

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
