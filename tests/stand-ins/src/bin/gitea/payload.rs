//! Payloads of webhooks.

use serde_json::{Value, json};

use crate::model::{Comment, Level};
use crate::server::Server;
use crate::show::Show;
use crate::state::State;

/// Payload of a moved branch or tag.
pub fn push(server: &Server, state: &State, repository: i64, by: i64, name: &str, (old, new): (&str, &str)) -> Value {
    let show = Show { server, state };
    let Some(kept) = state.repositories.get(&repository) else { return Value::Null };
    let git = server.git(repository);
    let full_name = state.full_name(kept);
    let range = if old.bytes().all(|it| it == b'0') { new.to_owned() } else { format!("{old}..{new}") };
    let commits: Vec<Value> = git
        .commits(&range, 0, 10)
        .iter()
        .map(|commit| {
            let person =
                |person: &crate::git::Person| json!({"name": person.name, "email": person.email, "username": ""});
            json!({
                "id": commit.sha, "message": commit.message, "timestamp": commit.committer.date,
                "url": format!("{}/{full_name}/commit/{}", server.settings.address, commit.sha),
                "author": person(&commit.author), "committer": person(&commit.committer),
                "added": null, "removed": null, "modified": null,
            })
        })
        .collect();
    json!({
        "ref": name, "before": old, "after": new, "total_commits": commits.len(),
        "compare_url": format!("{}/{full_name}/compare/{old}...{new}", server.settings.address),
        "head_commit": commits.first(), "commits": commits,
        "repository": show.repository(kept, Level::Read), "pusher": show.account(by), "sender": show.account(by),
    })
}

/// Payload of an event of a pull request.
pub fn pull(server: &Server, state: &State, issue: i64, by: i64, action: &str) -> Value {
    let show = Show { server, state };
    let Some(kept) = state.issues.get(&issue) else { return Value::Null };
    let repository = state.repositories.get(&kept.repository);
    json!({
        "action": action, "number": kept.number, "pull_request": show.pull(kept), "requested_reviewer": null,
        "repository": repository.map(|it| show.repository(it, Level::Read)), "sender": show.account(by),
        "commit_id": "", "review": null,
    })
}

/// Payload of an event of a comment.
pub fn comment(server: &Server, state: &State, comment: &Comment, by: i64, action: &str, from: Option<&str>) -> Value {
    let show = Show { server, state };
    let Some(issue) = state.issues.get(&comment.issue) else { return Value::Null };
    let repository = state.repositories.get(&issue.repository);
    let mut body = json!({
        "action": action, "issue": show.issue(issue), "comment": show.comment(comment),
        "repository": repository.map(|it| show.repository(it, Level::Read)), "sender": show.account(by),
        "is_pull": issue.pull.is_some(),
    });
    if issue.pull.is_some() {
        body["pull_request"] = show.pull(issue);
    }
    if let Some(from) = from {
        body["changes"] = json!({"body": {"from": from}});
    }
    body
}
