//! The objects that Gitea stores.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::Value;

/// An account.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// The id.
    pub id: i64,
    /// The password.
    pub password: String,
    /// True if it administrates the server.
    pub is_admin: bool,
}

/// An organisation.
#[derive(Debug, Clone, Default)]
pub struct Organisation {
    /// The logins of its members.
    pub members: BTreeSet<String>,
    /// Those whose membership is public.
    pub public_members: BTreeSet<String>,
    /// Those who may write to its repositories.
    pub writers: BTreeSet<String>,
}

/// A repository.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of Gitea")]
pub struct Repository {
    /// True if it is archived.
    pub is_archived: bool,
    /// True if it has no commit.
    pub is_empty: bool,
    /// True if only members and administrators may read it.
    pub is_private: bool,
    /// True if no account may read it.
    pub is_hidden: bool,
    /// Those who may write to it beside the organisation's writers.
    pub writers: BTreeSet<String>,
    /// The head commit of each branch.
    pub branches: BTreeMap<String, String>,
    /// The commits.
    pub commits: BTreeSet<String>,
    /// The last number of a pull request or an issue.
    pub last_number: i64,
}

/// The address of a pull request: `owner/name#1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PullId {
    /// The repository's full name.
    pub repository: String,
    /// The number there.
    pub number: i64,
}

impl fmt::Display for PullId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.repository, self.number)
    }
}

impl FromStr for PullId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (repository, number) = text.split_once('#').ok_or("no number")?;
        let number = number.parse().map_err(|_| "no number")?;
        Ok(Self { repository: repository.to_owned(), number })
    }
}

/// A pull request, or an issue.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of Gitea")]
pub struct PullRequest {
    /// The id.
    pub id: i64,
    /// True if it is an issue without a change.
    pub is_issue: bool,
    /// The login of its author.
    pub author: String,
    /// The title.
    pub title: String,
    /// The description.
    pub body: String,
    /// The branch of its change.
    pub branch: String,
    /// The head commit.
    pub head: String,
    /// True if it is closed.
    pub is_closed: bool,
    /// True if it is merged.
    pub is_merged: bool,
    /// True if only writers may comment.
    pub is_locked: bool,
    /// True if the repository of its change is deleted.
    pub fork_is_gone: bool,
    /// The head that the repository of its change claims, where that differs from the base repository's.
    pub claimed_head: Option<String>,
    /// Its pushes, the first one at its opening.
    pub pushes: Vec<Push>,
    /// The time it was opened.
    pub created: Timestamp,
    /// The time of its last change.
    pub updated: Timestamp,
    /// The last entry of a list, with the state that it shows: the last change, and the number of comments.
    pub(super) shown: RefCell<Option<(Timestamp, usize, String)>>,
}

impl PullRequest {
    /// True if its title says so.
    pub fn is_draft(&self) -> bool {
        self.title.starts_with("WIP:")
    }

    /// The head that it shows.
    pub fn shown_head(&self) -> &str {
        self.claimed_head.as_ref().unwrap_or(&self.head)
    }
}

/// A push to a pull request, as its timeline shows it.
#[derive(Debug, Clone)]
pub struct Push {
    /// The id, of the same sequence as those of comments.
    pub id: i64,
    /// The login of its author.
    pub author: String,
    /// The new head.
    pub head: String,
    /// The time at which Gitea noted it.
    pub created: Timestamp,
}

/// A comment.
#[derive(Debug, Clone)]
pub struct Comment {
    /// The pull request.
    pub pull: PullId,
    /// The login of its author.
    pub author: String,
    /// The text.
    pub body: String,
    /// The time it was written.
    pub created: Timestamp,
    /// The time of its last edit.
    pub updated: Timestamp,
    /// The head that its pull request showed when it was written.
    pub head: String,
}

/// A status of a commit.
#[derive(Debug, Clone)]
pub struct Status {
    /// The id.
    pub id: i64,
    /// The repository's full name.
    pub repository: String,
    /// The commit.
    pub commit: String,
    /// The login of its author.
    pub author: String,
    /// The body of the request that set it.
    pub sent: Value,
}
