//! The JSON of Gitea's API, and the checks of it.

use base::commit::is_commit;
use jiff::Timestamp;
use serde::Deserialize;

use super::answers::{Comment, Entry, PullRequest, Push};
use crate::names::{LONGEST_LOGIN, Pull, Repository};

/// An object with a full name.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub full_name: String,
}

#[derive(Debug, Deserialize)]
struct User {
    login: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireComment {
    id: i64,
    /// `None` for a deleted account.
    user: Option<User>,
    body: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// Empty on an issue; `null` in older versions.
    pull_request_url: Option<String>,
}

impl WireComment {
    /// Checks the comment.
    pub fn understood(self) -> Result<Comment, String> {
        if self.id <= 0 {
            return Err("a comment's id is above 0".into());
        }
        let author = self.user.map(|user| user.login).unwrap_or_default();
        // Any name is read: other forges and older versions have names that are no logins.
        if author.len() > LONGEST_LOGIN || author.contains(char::is_control) {
            return Err("its author's login is none that an account can have".into());
        }
        let pull = self.pull_request_url.as_deref().and_then(|url| url.rsplit('/').next()?.parse().ok());
        let (created, updated) = (self.created_at, self.updated_at);
        Ok(Comment { id: self.id, author, body: self.body.unwrap_or_default(), created, updated, pull })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct WirePull {
    number: i64,
    #[serde(default)]
    title: String,
    state: String,
    merged: bool,
    base: WireBase,
}

#[derive(Debug, Deserialize)]
struct WireBase {
    repo: WireRepository,
}

#[derive(Debug, Deserialize)]
struct WireRepository {
    full_name: String,
    archived: bool,
}

impl WirePull {
    /// Checks that this is the pull request with this number.
    pub fn understood(self, number: i64) -> Result<PullRequest, String> {
        if self.number != number {
            return Err(format!("pull request {number} has the number {}", self.number));
        }
        let open = match self.state.as_str() {
            "open" => true,
            "closed" => false,
            _ => return Err(format!("pull request {number} is neither open nor closed")),
        };
        Ok(PullRequest {
            repository: name(&self.base.repo.full_name)?,
            number,
            title: self.title,
            open: open && !self.merged,
            merged: self.merged,
            archived: self.base.repo.archived,
        })
    }
}

/// The references that begin with a name: a list, or the only one alone.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum WireReferences {
    Many(Vec<WireReference>),
    One(WireReference),
}

#[derive(Debug, Deserialize)]
pub(super) struct WireReference {
    #[serde(rename = "ref")]
    name: String,
    object: WireObject,
}

#[derive(Debug, Deserialize)]
struct WireObject {
    sha: String,
}

impl WireReferences {
    /// Returns the commit of the reference with exactly this name.
    pub fn commit(self, name: &str) -> Result<Option<String>, String> {
        let all = match self {
            Self::Many(all) => all,
            Self::One(one) => vec![one],
        };
        let Some(found) = all.into_iter().find(|reference| reference.name == name) else { return Ok(None) };
        if is_commit(&found.object.sha) { Ok(Some(found.object.sha)) } else { Err(format!("{name} is no commit")) }
    }
}

/// An entry of a timeline that tells of a push.
#[derive(Debug, Deserialize)]
struct WirePush {
    id: i64,
    created_at: Timestamp,
    body: String,
}

/// The body of such an entry.
#[derive(Debug, Deserialize)]
struct WirePushed {
    /// Oldest first; of a forced push the old and the new head.
    commit_ids: Option<Vec<String>>,
}

/// Returns the push that an entry of a timeline tells of; `None` for every other entry.
pub(super) fn push(entry: &serde_json::Value) -> Result<Option<Push>, String> {
    if entry.get("type").and_then(serde_json::Value::as_str) != Some("pull_push") {
        return Ok(None);
    }
    let push = WirePush::deserialize(entry).map_err(|error| format!("a push is not understood: {error}"))?;
    let pushed = serde_json::from_str::<WirePushed>(&push.body).ok().and_then(|pushed| pushed.commit_ids);
    let head = pushed.and_then(|mut commits| commits.pop()).filter(|head| is_commit(head));
    Ok(Some(Push { id: push.id, created: push.created_at, head }))
}

#[derive(Debug, Deserialize)]
pub(super) struct WireEntry {
    number: i64,
    updated_at: Timestamp,
    comments: Option<i64>,
    /// `None` if Gitea has lost a row.
    repository: Option<Named>,
    /// `None` for an issue.
    pull_request: Option<serde::de::IgnoredAny>,
}

impl WireEntry {
    /// Checks the entry.
    pub fn understood(self) -> Result<Entry, String> {
        let repository = self.repository.ok_or("it has no repository")?;
        let repository = name(&repository.full_name)?;
        if self.number <= 0 {
            return Err(format!("a number in {repository} is above 0"));
        }
        let pull = Pull { repository, number: self.number };
        let comments = self.comments.unwrap_or_default().max(0);
        Ok(Entry { pull, updated: self.updated_at, comments, is_pull: self.pull_request.is_some() })
    }
}

/// A repository's name.
pub(super) fn name(full_name: &str) -> Result<Repository, String> {
    full_name.parse().map_err(|error: crate::names::NotARepository| error.to_string())
}
