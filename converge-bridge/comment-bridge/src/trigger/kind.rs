//! The kinds of states, and the changes from one to another.

use serde::{Deserialize, Serialize};

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
