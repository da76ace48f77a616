//! A trigger: a comment with a command, and its state.

mod build;
mod kind;
mod state;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use http::gitea::Head;
use http::names::Pull;

pub use build::{BuildRecord, Order, Outcome, Progress};
pub use kind::StateKind;
pub use state::State;

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

#[cfg(test)]
mod tests;
