//! The command in a delivery.

use jiff::Timestamp;
use serde::Deserialize;

use crate::grammar;
use crate::ledger::Found;
use base::commit::is_commit;
use http::names::{Pull, Repository, is_login};

#[derive(Deserialize)]
struct Delivery {
    action: String,
    is_pull: bool,
    issue: Issue,
    comment: Comment,
    repository: Named,
    /// Of any shape: without a head, the delivery tells of the comment alone.
    #[serde(default)]
    pull_request: serde_json::Value,
}

#[derive(Deserialize)]
struct Issue {
    number: i64,
}

#[derive(Deserialize)]
struct Comment {
    id: i64,
    body: String,
    user: User,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

#[derive(Deserialize)]
struct Named {
    full_name: String,
}

/// Returns the command of a delivery about a new comment on a pull request; `None` for every other delivery.
pub fn command_in(event: &str, body: &[u8]) -> Option<Found> {
    if event != "issue_comment" {
        return None;
    }
    let Delivery { action, is_pull, issue, comment, repository, pull_request } = serde_json::from_slice(body).ok()?;
    if action != "created" || !is_pull || comment.created_at != comment.updated_at {
        return None;
    }
    let repository: Repository = repository.full_name.parse().ok()?;
    let author = comment.user.login;
    if issue.number <= 0 || comment.id <= 0 || !is_login(&author) {
        return None;
    }
    let command = grammar::command(&comment.body)?;
    let pull = Pull { repository, number: issue.number };
    let head = pull_request.pointer("/head/sha").and_then(serde_json::Value::as_str).filter(|head| is_commit(head));
    let delivered_head = head.map(str::to_owned);
    Some(Found { comment: comment.id, pull, author, command, created: comment.created_at, delivered_head })
}
