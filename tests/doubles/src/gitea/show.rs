//! The objects as Gitea's API shows them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Comment, Gitea, PullId, PullRequest, Push, Status};

/// Whole seconds.
fn moment(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap().to_string()
}

impl Gitea {
    fn show_user(&self, login: &str) -> Value {
        let id = self.accounts.get(login).map_or(0, |account| account.id);
        let address = &self.address;
        json!({
            "id": id, "login": login, "username": login, "full_name": "", "login_name": "", "source_id": 0,
            "language": "", "visibility": "public", "restricted": false, "email": format!("{login}@noreply.localhost"),
            "avatar_url": format!("{address}/avatars/{id}"), "html_url": format!("{address}/{login}"),
            "is_admin": false, "active": false, "prohibit_login": false, "created": "2026-01-01T00:00:00Z",
            "last_login": "1970-01-01T00:00:00Z", "location": "", "website": "", "description": "",
        })
    }

    fn page_of(&self, id: &PullId) -> String {
        let kind = if self.pulls.get(id).is_some_and(|pull| pull.is_issue) { "issues" } else { "pulls" };
        format!("{}/{}/{kind}/{}", self.address, id.repository, id.number)
    }

    fn issue_base(&self, id: &PullId, pull: &PullRequest) -> Value {
        json!({
            "id": pull.id, "number": id.number, "user": self.show_user(&pull.author), "title": pull.title,
            "body": pull.body, "state": if pull.is_closed { "closed" } else { "open" }, "is_locked": pull.is_locked,
            "comments": self.comments_of(id).count(), "html_url": self.page_of(id), "labels": [],
            "created_at": moment(pull.created), "updated_at": moment(pull.updated), "assignees": null,
            "closed_at": pull.is_closed.then(|| moment(pull.updated)), "milestone": null, "assignee": null,
        })
    }

    pub(super) fn show_issue(&self, id: &PullId, pull: &PullRequest) -> Value {
        let mut shown = self.issue_base(id, pull);
        let (owner, name) = id.repository.split_once('/').unwrap();
        shown["repository"] = json!({"id": 1, "name": name, "owner": owner, "full_name": id.repository});
        shown["pull_request"] = json!((!pull.is_issue).then(|| {
            json!({
                "merged": pull.is_merged, "merged_at": pull.is_merged.then(|| moment(pull.updated)),
                "draft": pull.is_draft(), "html_url": self.page_of(id),
            })
        }));
        shown
    }

    pub(super) fn show_repository(&self, full_name: &str, login: &str) -> Value {
        let found = &self.repositories[full_name];
        let (owner, name) = full_name.split_once('/').unwrap();
        let address = &self.address;
        json!({
            "id": 1, "owner": self.show_user(owner), "name": name, "full_name": full_name, "description": "",
            "empty": found.is_empty, "private": found.is_private, "fork": false, "template": false, "mirror": false,
            "parent": null, "size": 0, "html_url": format!("{address}/{full_name}"),
            "url": format!("{address}/api/v1/repos/{full_name}"), "default_branch": "main",
            "archived": found.is_archived, "has_issues": true, "has_pull_requests": true, "internal": false,
            "permissions": {"admin": self.is_admin(login), "push": self.may_write(login, full_name), "pull": true},
        })
    }

    pub(super) fn show_pull(&self, id: &PullId, pull: &PullRequest) -> Value {
        let base = self.repositories[&id.repository].branches.get("main").cloned().unwrap_or_else(|| "0".repeat(40));
        let repository = self.show_repository(&id.repository, "");
        let side = |branch: &str, sha: &str, is_gone: bool| {
            let (number, repository) = if is_gone { (-1, &Value::Null) } else { (1, &repository) };
            json!({"label": branch, "ref": branch, "sha": sha, "repo_id": number, "repo": repository})
        };
        let mut shown = self.issue_base(id, pull);
        let page = self.page_of(id);
        let more = json!({
            "head": side(&pull.branch, pull.shown_head(), pull.fork_is_gone), "base": side("main", &base, false),
            "merge_base": base, "merged": pull.is_merged, "merged_at": pull.is_merged.then(|| moment(pull.updated)),
            "merged_by": null, "merge_commit_sha": null, "mergeable": !pull.is_closed, "draft": pull.is_draft(),
            "url": page, "diff_url": format!("{page}.diff"), "patch_url": format!("{page}.patch"),
        });
        if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
            shown.extend(more);
        }
        shown
    }

    pub(super) fn show_comment(&self, id: i64, comment: &Comment) -> Value {
        let page = self.page_of(&comment.pull);
        let is_issue = self.pulls.get(&comment.pull).is_some_and(|pull| pull.is_issue);
        let (of_pull, of_issue) = if is_issue { ("", page.as_str()) } else { (page.as_str(), "") };
        json!({
            "id": id, "html_url": format!("{page}#issuecomment-{id}"), "pull_request_url": of_pull,
            "issue_url": of_issue, "user": self.show_user(&comment.author), "body": comment.body, "assets": [],
            "created_at": moment(comment.created), "updated_at": moment(comment.updated),
            "original_author": "", "original_author_id": 0,
        })
    }

    /// A comment in a timeline.
    pub(super) fn show_entry(&self, id: i64, comment: &Comment) -> Value {
        let mut shown = self.show_comment(id, comment);
        shown["type"] = json!("comment");
        shown
    }

    /// A push in a timeline.
    pub(super) fn show_push(&self, id: &PullId, push: &Push) -> Value {
        json!({
            "id": push.id, "type": "pull_push", "pull_request_url": self.page_of(id), "issue_url": "",
            "user": self.show_user(&push.author), "created_at": moment(push.created), "updated_at": moment(push.created),
            "body": json!({"is_force_push": false, "commit_ids": [push.head]}).to_string(),
        })
    }

    pub(super) fn show_status(&self, status: &Status) -> Value {
        let sent = &status.sent;
        json!({
            "id": status.id, "status": sent["state"], "context": sent["context"], "description": sent["description"],
            "target_url": sent["target_url"], "creator": self.show_user(&status.author),
        })
    }

    /// The event of a comment as a webhook receives it: with the head of the moment when it was written.
    pub fn show_event(&self, id: i64, comment: &Comment, action: &str) -> Value {
        let pull = &self.pulls[&comment.pull];
        let mut shown = self.show_pull(&comment.pull, pull);
        shown["head"]["sha"] = json!(comment.head);
        json!({
            "action": action, "issue": self.show_issue(&comment.pull, pull), "comment": self.show_comment(id, comment),
            "repository": self.show_repository(&comment.pull.repository, ""),
            "sender": self.show_user(&comment.author), "is_pull": true,
            "pull_request": shown,
        })
    }
}
