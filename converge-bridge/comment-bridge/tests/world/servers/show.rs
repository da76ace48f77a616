//! Everything of Gitea's as its API shows it.

use jiff::Timestamp;
use serde_json::{Value, json};

use comment_bridge::names::Pull;

use super::gitea::{Comment, Gitea, PullRequest};
use super::{BOT, GITEA};

/// Whole seconds.
pub fn moment(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap().to_string()
}

fn user(login: &str) -> Value {
    let id = if login == BOT { 2 } else { 3 };
    json!({
        "id": id, "login": login, "username": login, "full_name": "", "login_name": "", "source_id": 0, "language": "",
        "visibility": "public", "restricted": false, "email": format!("{login}@noreply.localhost"),
        "avatar_url": format!("{GITEA}/avatars/{id}"), "html_url": format!("{GITEA}/{login}"), "is_admin": false,
        "active": false, "prohibit_login": false, "created": "2026-01-01T00:00:00Z",
        "last_login": "1970-01-01T00:00:00Z", "location": "", "website": "", "description": "",
    })
}

fn page_of(pull: &Pull) -> String {
    format!("{GITEA}/{}/pulls/{}", pull.repository, pull.number)
}

impl Gitea {
    fn issue_base(&self, pull: &Pull, it: &PullRequest) -> Value {
        json!({
            "id": it.id, "number": pull.number, "user": user("milo"), "title": it.title, "body": "",
            "state": if it.is_closed { "closed" } else { "open" }, "is_locked": it.is_locked,
            "comments": self.comments_of(pull).count(), "html_url": page_of(pull), "labels": [],
            "created_at": moment(it.created), "updated_at": moment(it.updated), "assignees": null,
            "closed_at": it.is_closed.then(|| moment(it.updated)), "milestone": null, "assignee": null,
        })
    }

    pub fn show_issue(&self, pull: &Pull, it: &PullRequest) -> Value {
        let mut shown = self.issue_base(pull, it);
        shown["repository"] = json!({
            "id": 1, "name": pull.repository.name(), "owner": pull.repository.owner(),
            "full_name": pull.repository.to_string(),
        });
        shown["pull_request"] = json!({
            "merged": it.is_merged, "merged_at": it.is_merged.then(|| moment(it.updated)), "draft": it.is_draft(),
            "html_url": page_of(pull),
        });
        shown
    }

    pub fn show_repository(&self, name: &str) -> Value {
        let its = &self.repositories[name];
        let (owner, short) = name.split_once('/').unwrap();
        json!({
            "id": 1, "owner": user(owner), "name": short, "full_name": name, "description": "", "empty": its.is_empty,
            "private": false, "fork": false, "template": false, "mirror": false, "parent": null, "size": 0,
            "html_url": format!("{GITEA}/{name}"), "url": format!("{GITEA}/api/v1/repos/{name}"),
            "default_branch": "main", "archived": its.is_archived,
            "permissions": {"admin": false, "push": its.bot_may_write, "pull": true},
            "has_issues": true, "has_pull_requests": true, "internal": false,
        })
    }

    pub fn show_pull(&self, pull: &Pull, it: &PullRequest) -> Value {
        let side = |branch: &str, sha: &str, gone: bool| {
            let repository = if gone { Value::Null } else { self.show_repository(&pull.repository.to_string()) };
            let id = if gone { -1 } else { 1 };
            json!({"label": branch, "ref": branch, "sha": sha, "repo_id": id, "repo": repository})
        };
        let mut shown = self.issue_base(pull, it);
        let more = json!({
            "head": side("change", &it.head, it.fork_is_gone), "base": side("main", &"0".repeat(40), false),
            "merge_base": "0".repeat(40), "merged": it.is_merged,
            "merged_at": it.is_merged.then(|| moment(it.updated)), "merged_by": null, "merge_commit_sha": null,
            "mergeable": !it.is_closed, "draft": it.is_draft(), "url": page_of(pull),
            "diff_url": format!("{}.diff", page_of(pull)), "patch_url": format!("{}.patch", page_of(pull)),
        });
        if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
            shown.extend(more);
        }
        shown
    }

    #[allow(clippy::unused_self, reason = "as its siblings")]
    pub fn show_comment(&self, id: i64, comment: &Comment) -> Value {
        let page = page_of(&comment.pull);
        json!({
            "id": id, "html_url": format!("{page}#issuecomment-{id}"), "pull_request_url": page, "issue_url": "",
            "user": user(&comment.author), "body": comment.body, "assets": [],
            "created_at": moment(comment.created), "updated_at": moment(comment.updated),
            "original_author": "", "original_author_id": 0,
        })
    }

    /// What a hook is told of a comment.
    pub fn show_event(&self, id: i64, comment: &Comment, action: &str) -> Value {
        let it = &self.pulls[&comment.pull];
        json!({
            "action": action, "issue": self.show_issue(&comment.pull, it), "comment": self.show_comment(id, comment),
            "repository": self.show_repository(&comment.pull.repository.to_string()), "sender": user(&comment.author),
            "is_pull": true, "pull_request": self.show_pull(&comment.pull, it),
        })
    }
}
