//! What Gitea answers, once it is known to make sense.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::names::Repository;

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: i64,
    /// Who wrote it; empty for somebody who is nobody any more.
    pub author: String,
    /// What it says.
    pub body: String,
    /// When it was written.
    pub created: Timestamp,
    /// When it was last edited; when it was written, if never.
    pub updated: Timestamp,
    /// The number of the pull request it is on; nothing when it is on an issue.
    pub pull: Option<i64>,
}

impl Comment {
    /// Whether it is another than it was at first, as far as whole seconds tell.
    pub fn is_edited(&self) -> bool {
        self.updated != self.created
    }

    /// Whether `login` wrote it: Gitea knows no case in names.
    pub fn is_by(&self, login: &str) -> bool {
        !self.author.is_empty() && self.author.eq_ignore_ascii_case(login)
    }
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// What its repository is called now.
    pub repository: Repository,
    /// Its number there.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Whether it is neither closed nor merged.
    pub open: bool,
    /// Whether it was merged.
    pub merged: bool,
    /// Whether its repository is archived: nothing can be written there.
    pub archived: bool,
    /// The head commit: 40 or 64 hexadecimal digits.
    pub head: String,
}

/// Whether somebody belongs to an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// Yes.
    Member,
    /// No, or there is nobody of that name.
    Stranger,
    /// The bot is not a member itself, so it is not told.
    Hidden,
}

/// A commit status to set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// How far it is.
    pub state: Reached,
    /// Under which name.
    pub context: String,
    /// In a few words.
    pub description: String,
    /// Where there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_url: Option<String>,
}

/// How far something is, as commit statuses know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "each is Gitea's word")]
pub enum Reached {
    Pending,
    Success,
    Failure,
    Error,
}
