//! Objects in the form of the API.

use serde_json::{Value, json};

use crate::git::Commit;
use crate::model::{
    Account, Application, Comment, Hook, Issue, Level, Organisation, Pull, Push, Reaction, Repository, Status, Team,
};
use crate::server::{Server, moment};
use crate::state::State;

/// Converts objects of the state to JSON.
#[derive(Debug, Clone, Copy)]
pub struct Show<'a> {
    pub server: &'a Server,
    pub state: &'a State,
}

impl Show<'_> {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.settings.address)
    }

    /// An account by id; a deleted one is the ghost account.
    pub fn account(&self, id: i64) -> Value {
        match self.state.accounts.get(&id) {
            Some(account) => self.user(account, false),
            None => json!({"id": -1, "login": "Ghost", "username": "Ghost", "full_name": "", "email": ""}),
        }
    }

    /// An account; some fields are shown only to itself and to administrators.
    pub fn user(&self, account: &Account, whole: bool) -> Value {
        let login = &account.login;
        json!({
            "id": account.id, "login": login, "username": login, "full_name": account.full_name,
            "login_name": "", "source_id": 0, "language": "", "visibility": "public", "restricted": false,
            "email": if whole { account.email.clone() } else { format!("{login}@noreply.localhost") },
            "avatar_url": self.url(&format!("/avatars/{}", account.id)), "html_url": self.url(&format!("/{login}")),
            "is_admin": whole && account.admin, "active": whole && account.active,
            "prohibit_login": whole && account.prohibited, "created": moment(account.created),
            "last_login": moment(0), "location": "", "website": "", "description": "",
            "followers_count": 0, "following_count": 0, "starred_repos_count": 0,
        })
    }

    pub fn organisation(&self, organisation: &Organisation) -> Value {
        json!({
            "id": organisation.id, "name": organisation.name, "username": organisation.name,
            "full_name": organisation.full_name, "visibility": organisation.visibility, "description": "",
            "avatar_url": self.url(&format!("/avatars/{}", organisation.id)), "website": "", "location": "",
            "email": "", "repo_admin_change_team_access": true,
        })
    }

    fn owner(&self, id: i64) -> Value {
        match self.state.organisations.get(&id) {
            None => self.account(id),
            Some(organisation) => {
                let mut owner = self.organisation(organisation);
                owner["login"] = json!(organisation.name);
                owner
            }
        }
    }

    /// A repository, for a caller with this permission.
    pub fn repository(&self, repository: &Repository, level: Level) -> Value {
        let full_name = self.state.full_name(repository);
        let parent = repository.parent.and_then(|parent| self.state.repositories.get(&parent));
        let empty = self.server.git(repository.id).refs().is_empty();
        let host = self.server.settings.address.split("://").nth(1).unwrap_or_default();
        let host = host.split([':', '/']).next().unwrap_or_default();
        json!({
            "id": repository.id, "owner": self.owner(repository.owner), "name": repository.name,
            "full_name": full_name, "description": repository.description, "empty": empty,
            "private": repository.private, "fork": repository.parent.is_some(), "template": false, "mirror": false,
            "parent": parent.map(|parent| self.repository(parent, Level::Read)), "size": 0, "language": "",
            "html_url": self.url(&format!("/{full_name}")), "url": self.url(&format!("/api/v1/repos/{full_name}")),
            "clone_url": self.url(&format!("/{full_name}.git")), "ssh_url": format!("git@{host}:{full_name}.git"),
            "default_branch": repository.default_branch, "archived": repository.archived,
            "created_at": moment(repository.created), "updated_at": moment(repository.updated),
            "permissions": {
                "admin": level >= Level::Admin, "push": level >= Level::Write, "pull": level >= Level::Read,
            },
            "has_issues": true, "has_pull_requests": true, "internal": false, "default_merge_style": "merge",
        })
    }

    fn page_of(&self, issue: &Issue) -> String {
        let name = self.state.repositories.get(&issue.repository).map(|it| self.state.full_name(it));
        let what = if issue.pull.is_some() { "pulls" } else { "issues" };
        self.url(&format!("/{}/{what}/{}", name.unwrap_or_default(), issue.number))
    }

    fn issue_base(&self, issue: &Issue) -> Value {
        json!({
            "id": issue.id, "number": issue.number, "user": self.account(issue.author), "title": issue.title,
            "body": issue.body, "state": if issue.closed { "closed" } else { "open" }, "is_locked": issue.locked,
            "comments": self.state.comments_of(issue.id).count(), "html_url": self.page_of(issue), "labels": [],
            "created_at": moment(issue.created), "updated_at": moment(issue.updated), "assignees": null,
            "closed_at": issue.closed.then(|| moment(issue.updated)), "milestone": null, "assignee": null,
        })
    }

    pub fn issue(&self, issue: &Issue) -> Value {
        let mut shown = self.issue_base(issue);
        if let Some(repository) = self.state.repositories.get(&issue.repository) {
            shown["repository"] = json!({
                "id": repository.id, "name": repository.name, "owner": self.state.owner_name(repository.owner),
                "full_name": self.state.full_name(repository),
            });
        }
        shown["pull_request"] = issue.pull.as_ref().map_or(Value::Null, |pull| {
            json!({
                "merged": pull.merged_at.is_some(), "merged_at": pull.merged_at.map(moment), "draft": false,
                "html_url": self.page_of(issue),
            })
        });
        shown
    }

    pub fn pull(&self, issue: &Issue) -> Value {
        let Some(pull) = &issue.pull else { return Value::Null };
        let git = self.server.git(issue.repository);
        let base_sha = git.branch(&pull.base).unwrap_or_else(|| pull.merge_base.clone());
        let side = |repository: i64, branch: &str, sha: &str| {
            let found = self.state.repositories.get(&repository);
            json!({
                "label": branch, "ref": branch, "sha": sha, "repo_id": found.map_or(-1, |it| it.id),
                "repo": found.map(|it| self.repository(it, Level::Read)),
            })
        };
        let mut shown = self.issue_base(issue);
        // Without its branch, Gitea shows what the head's repository has as a pull request of the same number.
        let head = self.server.git(pull.head_repository);
        let claimed = head.branch(&pull.head).or_else(|| head.commit_of(&format!("refs/pull/{}/head", issue.number)));
        let more = json!({
            "head": side(pull.head_repository, &pull.head, claimed.as_ref().unwrap_or(&pull.sha)),
            "base": side(issue.repository, &pull.base, &base_sha), "merge_base": pull.merge_base,
            "merged": pull.merged_at.is_some(), "merged_at": pull.merged_at.map(moment),
            "merged_by": pull.merged_by.map(|id| self.account(id)), "merge_commit_sha": pull.merge_commit,
            "mergeable": self.mergeable(issue, pull), "draft": false, "url": self.page_of(issue),
            "diff_url": format!("{}.diff", self.page_of(issue)), "patch_url": format!("{}.patch", self.page_of(issue)),
        });
        if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
            shown.extend(more);
        }
        shown
    }

    fn mergeable(&self, issue: &Issue, pull: &Pull) -> bool {
        let git = self.server.git(issue.repository);
        !issue.closed
            && git.ask(&["merge-tree", "--write-tree", &format!("refs/heads/{}", pull.base), &pull.sha]).is_some()
    }

    pub fn comment(&self, comment: &Comment) -> Value {
        let issue = self.state.issues.get(&comment.issue);
        let page = issue.map(|issue| self.page_of(issue)).unwrap_or_default();
        let of_pull = issue.is_some_and(|issue| issue.pull.is_some());
        let (of_pull, of_issue) = if of_pull { (page.as_str(), "") } else { ("", page.as_str()) };
        json!({
            "id": comment.id, "html_url": format!("{page}#issuecomment-{}", comment.id), "pull_request_url": of_pull,
            "issue_url": of_issue, "user": self.account(comment.author), "body": comment.body, "assets": [],
            "created_at": moment(comment.created), "updated_at": moment(comment.updated),
            "original_author": "", "original_author_id": 0,
        })
    }

    /// A push in the timeline of a pull request.
    pub fn push(&self, issue: &Issue, push: &Push) -> Value {
        json!({
            "id": push.id, "type": "pull_push", "pull_request_url": self.page_of(issue), "issue_url": "",
            "user": self.account(push.author), "created_at": moment(push.created), "updated_at": moment(push.created),
            "body": json!({"is_force_push": push.forced, "commit_ids": push.commits}).to_string(),
        })
    }

    pub fn reaction(&self, reaction: &Reaction) -> Value {
        json!({
            "user": self.account(reaction.account), "content": reaction.content, "created_at": moment(reaction.created),
        })
    }

    pub fn status(&self, status: &Status) -> Value {
        let name = self.state.repositories.get(&status.repository).map(|it| self.state.full_name(it));
        json!({
            "id": status.id, "status": status.state, "context": status.context, "description": status.description,
            "target_url": status.target_url, "creator": self.account(status.author),
            "url": self.url(&format!("/api/v1/repos/{}/statuses/{}", name.unwrap_or_default(), status.sha)),
            "created_at": moment(status.created), "updated_at": moment(status.created),
        })
    }

    pub fn commit(&self, repository: &Repository, commit: &Commit) -> Value {
        let full_name = self.state.full_name(repository);
        let person =
            |person: &crate::git::Person| json!({"name": person.name, "email": person.email, "date": person.date});
        let account = |mail: &str| {
            let known = self.state.accounts.values().find(|account| account.email == mail);
            known.map(|account| self.user(account, false))
        };
        let url = self.url(&format!("/api/v1/repos/{full_name}/git/commits/{}", commit.sha));
        json!({
            "sha": commit.sha, "url": url, "html_url": self.url(&format!("/{full_name}/commit/{}", commit.sha)),
            "commit": {
                "url": url, "message": commit.message, "author": person(&commit.author),
                "committer": person(&commit.committer),
            },
            "author": account(&commit.author.email), "committer": account(&commit.committer.email),
            "parents": commit.parents.iter().map(|sha| json!({"sha": sha})).collect::<Vec<_>>(),
            "created": commit.committer.date, "files": [],
        })
    }
}

pub fn team(team: &Team) -> Value {
    // A team with some units only is shown without a permission of its own.
    let permission = if team.permission >= Level::Admin { json!(team.permission) } else { json!("none") };
    json!({
        "id": team.id, "name": team.name, "description": "", "organization": null, "permission": permission,
        "includes_all_repositories": team.all_repositories, "can_create_org_repo": false,
        "units": team.units.keys().collect::<Vec<_>>(), "units_map": team.units,
    })
}

/// A hook, without its secret.
pub fn hook(hook: &Hook) -> Value {
    json!({
        "id": hook.id, "type": hook.kind, "active": hook.active, "events": hook.events, "branch_filter": "",
        "config": {"url": hook.url, "content_type": hook.content_type}, "authorization_header": "",
        "created_at": moment(hook.created), "updated_at": moment(hook.created),
    })
}

/// An application. Only a new secret is shown.
pub fn application(application: &Application, secret: &str) -> Value {
    json!({
        "id": application.id, "name": application.name, "client_id": application.client,
        "client_secret": secret, "redirect_uris": application.redirects,
        "confidential_client": application.confidential,
        "skip_secondary_authorization": application.skips_consent, "created": moment(application.created),
    })
}
