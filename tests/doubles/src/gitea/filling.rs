//! The calls of administrators and maintainers, by which tests/contract fills a Gitea.

use std::cell::RefCell;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::access::Credential;
use super::{Gitea, PullId, PullRequest};
use crate::{Reply, Request};

impl Gitea {
    /// Accounts, tokens, organisations and teams.
    pub(super) fn fill(&mut self, request: &Request, caller: &Credential, path: &[&str]) -> Option<Reply> {
        if caller.login().is_empty() {
            return Some(self.refuse(401, "token is required"));
        }
        let text = |name: &str| request.body[name].as_str().unwrap_or_default().to_owned();
        let id = self.last + 1;
        Some(match (request.method.as_str(), path) {
            ("GET", ["user"]) => Reply::json(200, &json!({"login": caller.login()})),
            ("POST", ["users", login, "tokens"]) if caller.login() == *login && caller.has_password => {
                let token = format!("{:040x}", self.next_id());
                self.tokens.insert(token.clone(), (*login).to_owned());
                Reply::json(201, &json!({"id": id, "name": text("name"), "sha1": token}))
            }
            ("POST", ["admin", "users"]) if self.is_admin(caller.login()) => {
                self.add_account(&text("username")).password = text("password");
                Reply::json(201, &json!({"login": text("username")}))
            }
            ("POST", ["orgs"]) => {
                let organisation = self.organisations.entry(text("username")).or_default();
                organisation.members.insert(caller.login().to_owned());
                organisation.writers.insert(caller.login().to_owned());
                Reply::json(201, &json!({"id": id, "username": text("username")}))
            }
            ("POST", ["orgs", name, "teams"]) if self.is_admin(caller.login()) => {
                let id = self.next_id();
                self.teams.insert(id, ((*name).to_owned(), text("permission") == "write"));
                Reply::json(201, &json!({"id": id, "name": text("name")}))
            }
            ("PUT", ["teams", id, "members", login]) if self.is_admin(caller.login()) => {
                let (name, writes) = self.teams.get(&id.parse().ok()?)?;
                let organisation = self.organisations.get_mut(name)?;
                organisation.members.insert((*login).to_owned());
                if *writes {
                    organisation.writers.insert((*login).to_owned());
                }
                Reply::empty(204)
            }
            ("DELETE", ["orgs", name, "members", login]) if self.is_admin(caller.login()) => {
                let organisation = self.organisations.get_mut(*name)?;
                organisation.members.remove(*login);
                organisation.writers.remove(*login);
                Reply::empty(204)
            }
            ("POST", ["orgs", owner, "repos"]) if self.is_admin(caller.login()) => {
                let full_name = format!("{owner}/{}", text("name"));
                let commit = format!("{:040x}", self.next_id());
                let repository = self.add_repository(&full_name);
                repository.is_private = request.body["private"] == json!(true);
                repository.branches.insert("main".to_owned(), commit.clone());
                repository.commits.insert(commit);
                Reply::json(201, &self.show_repository(&full_name, caller.login()))
            }
            _ => return None,
        })
    }

    /// Branches, files, pull requests, issues and a repository's settings.
    pub(super) fn fill_repository(
        &mut self,
        request: &Request,
        login: &str,
        name: &str,
        path: &[&str],
        now: Timestamp,
    ) -> Option<Reply> {
        let writes = self.may_write(login, name);
        let number = |text: &str| PullId { repository: name.to_owned(), number: text.parse().unwrap_or(0) };
        match (request.method.as_str(), path) {
            ("GET", ["branches", branch]) => Some(match self.repositories[name].branches.get(*branch) {
                Some(commit) => Reply::json(200, &json!({"name": branch, "commit": {"id": commit}})),
                None => self.refuse(404, "not found"),
            }),
            ("POST", ["contents", _]) if writes => Some(self.commit(request, name, now)),
            ("POST", ["pulls"]) => Some(self.open(request, login, name, now)),
            ("PATCH", ["pulls", pull]) if writes => self.change_pull(request, &number(pull), now),
            ("POST", ["issues"]) => {
                let id = self.open_pull(name, "", now);
                let issue = self.pulls.get_mut(&id)?;
                issue.is_issue = true;
                login.clone_into(&mut issue.author);
                request.body["title"].as_str()?.clone_into(&mut issue.title);
                Some(Reply::json(201, &self.show_issue(&id, &self.pulls[&id])))
            }
            ("PUT", ["issues", pull, "lock"]) if writes => {
                self.pulls.get_mut(&number(pull))?.is_locked = true;
                Some(Reply::empty(204))
            }
            ("PATCH", []) if self.is_admin(login) => Some(self.change_repository(request, name)),
            _ => None,
        }
    }

    /// A new file is a new commit of its branch, and the new head of the pull requests from there.
    fn commit(&mut self, request: &Request, name: &str, now: Timestamp) -> Reply {
        let branch = ["new_branch", "branch"].into_iter().find_map(|key| request.body[key].as_str());
        let branch = branch.unwrap_or("main");
        let commit = format!("{:040x}", self.next_id());
        let repository = self.repositories.get_mut(name).unwrap();
        repository.branches.insert(branch.to_owned(), commit.clone());
        repository.commits.insert(commit.clone());
        let of_branch = |(id, pull): &(&PullId, &PullRequest)| id.repository == name && pull.branch == branch;
        let pulls: Vec<PullId> = self.pulls.iter().filter(of_branch).map(|(id, _)| id.clone()).collect();
        for id in pulls {
            self.push(&id, &commit, now);
        }
        Reply::json(201, &json!({"content": {}, "commit": {"sha": commit}}))
    }

    fn open(&mut self, request: &Request, login: &str, name: &str, now: Timestamp) -> Reply {
        let text = |key: &str| request.body[key].as_str().unwrap_or_default();
        let (base, branch) = (text("base"), text("head"));
        let branches = &self.repositories[name].branches;
        let (Some(head), true) = (branches.get(branch).cloned(), branches.contains_key(base)) else {
            return self.refuse(404, "not found");
        };
        if base == branch {
            return self.refuse(422, "head and base are the same");
        }
        if self.pulls.iter().any(|(id, it)| id.repository == name && it.branch == branch && !it.is_closed) {
            return self.refuse(409, "pull request already exists for these targets");
        }
        let id = self.open_pull(name, &head, now);
        let pull = self.pulls.get_mut(&id).unwrap();
        login.clone_into(&mut pull.author);
        (pull.title, pull.body, pull.branch) = (text("title").into(), text("body").into(), branch.into());
        Reply::json(201, &self.show_pull(&id, &self.pulls[&id]))
    }

    fn change_pull(&mut self, request: &Request, id: &PullId, now: Timestamp) -> Option<Reply> {
        let pull = self.pulls.get_mut(id)?;
        if let Some(title) = request.body["title"].as_str() {
            title.clone_into(&mut pull.title);
        }
        match request.body["state"].as_str() {
            Some("closed") => pull.is_closed = true,
            Some("open") => pull.is_closed = false,
            _ => {}
        }
        pull.updated = now;
        Some(Reply::json(201, &self.show_pull(id, &self.pulls[id])))
    }

    /// Archives or renames a repository.
    fn change_repository(&mut self, request: &Request, name: &str) -> Reply {
        if let Value::Bool(archived) = request.body["archived"] {
            self.repositories.get_mut(name).unwrap().is_archived = archived;
        }
        let Some(new) = request.body["name"].as_str() else {
            return Reply::json(200, &self.show_repository(name, ""));
        };
        let new = format!("{}/{new}", name.split('/').next().unwrap_or_default());
        let found = self.repositories.remove(name).unwrap();
        self.repositories.insert(new.clone(), found);
        self.renamed.insert(name.to_owned(), new.clone());
        let renamed = |id: PullId| if id.repository == name { PullId { repository: new.clone(), ..id } } else { id };
        let moved =
            |(id, pull): (PullId, PullRequest)| (renamed(id), PullRequest { shown: RefCell::default(), ..pull });
        self.pulls = std::mem::take(&mut self.pulls).into_iter().map(moved).collect();
        for comment in self.comments.values_mut() {
            comment.pull = renamed(comment.pull.clone());
        }
        Reply::json(200, &self.show_repository(&new, ""))
    }
}
