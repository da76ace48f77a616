//! Gitea's answers on comments, pull requests and members, checked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::names::{Pull, Repository};

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The id.
    pub id: i64,
    /// The author's login; empty for a deleted account.
    pub author: String,
    /// The text, Markdown.
    pub body: String,
    /// The creation.
    pub created: Timestamp,
    /// The last edit, or else the creation.
    pub updated: Timestamp,
    /// The number of the pull request; `None` on an issue.
    pub pull: Option<i64>,
}

impl Comment {
    /// True if it was edited, by times of whole seconds.
    pub fn is_edited(&self) -> bool {
        self.updated != self.created
    }

    /// True if `login` is the author. Gitea's logins ignore case.
    pub fn is_by(&self, login: &str) -> bool {
        !self.author.is_empty() && self.author.eq_ignore_ascii_case(login)
    }
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// The present name of its repository.
    pub repository: Repository,
    /// The number.
    pub number: i64,
    /// The title.
    pub title: String,
    /// True if it is neither closed nor merged.
    pub open: bool,
    /// True if it was merged.
    pub merged: bool,
    /// True if its repository is archived, so that no write is possible.
    pub archived: bool,
}

/// The head of a pull request, as its base repository has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The commit: 40 or 64 hexadecimal digits.
    pub commit: String,
    /// The time of the read, by Gitea's clock.
    pub read: Timestamp,
}

/// A push to a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The id, of the same sequence as those of comments.
    pub id: i64,
    /// The time at which Gitea noted the push.
    pub created: Timestamp,
    /// The head after the push; `None` if the event names no commit.
    pub head: Option<String>,
}

/// A pull request that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The pull request.
    pub pull: Pull,
    /// The last change.
    pub updated: Timestamp,
    /// The number of comments.
    pub comments: i64,
    /// True for a pull request, false for an issue.
    pub is_pull: bool,
}

/// The membership of an account in an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// A member.
    Member,
    /// No member, or no such account.
    Stranger,
    /// Not shown, because the bot is no member itself.
    Hidden,
}

/// A commit status to set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The state.
    pub state: Reached,
    /// The name of the check.
    pub context: String,
    /// The text beside the name.
    pub description: String,
    /// The link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_url: Option<String>,
}

/// The state of a commit status, in Gitea's words. comment-bridge makes it from the shown state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "each is Gitea's word")]
pub enum Reached {
    Pending,
    Success,
    Failure,
    Error,
}
