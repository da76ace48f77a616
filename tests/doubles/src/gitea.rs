//! Gitea: accounts, organisations, repositories, pull requests, comments and statuses.

mod access;
mod comments;
mod filling;
mod pages;
mod pulls;
mod records;
mod search;
mod show;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use crate::{BOT, GITEA, GITEA_TOKEN, Reply, Request};

pub use records::{Account, Comment, Organisation, PullId, PullRequest, Push, Repository, Status};

/// The server.
#[derive(Debug, Clone)]
pub struct Gitea {
    /// The address it calls itself by.
    pub address: String,
    /// By login.
    pub accounts: BTreeMap<String, Account>,
    /// The login of each token.
    pub tokens: BTreeMap<String, String>,
    /// By name.
    pub organisations: BTreeMap<String, Organisation>,
    /// By full name.
    pub repositories: BTreeMap<String, Repository>,
    /// Pull requests, and issues beside them.
    pub pulls: BTreeMap<PullId, PullRequest>,
    /// By id.
    pub comments: BTreeMap<i64, Comment>,
    /// Every comment as it was written first, also edited and deleted ones.
    pub written: BTreeMap<i64, Comment>,
    /// In the order they were set.
    pub statuses: Vec<Status>,
    /// The new name of each renamed repository.
    renamed: BTreeMap<String, String>,
    /// The organisation of each team, and true if the team may write.
    teams: BTreeMap<i64, (String, bool)>,
    last: i64,
}

impl Default for Gitea {
    /// A server that knows the bot and its token.
    fn default() -> Self {
        let mut gitea = Self {
            address: GITEA.to_owned(),
            accounts: BTreeMap::new(),
            tokens: BTreeMap::from([(GITEA_TOKEN.to_owned(), BOT.to_owned())]),
            organisations: BTreeMap::new(),
            repositories: BTreeMap::new(),
            pulls: BTreeMap::new(),
            comments: BTreeMap::new(),
            written: BTreeMap::new(),
            statuses: Vec::new(),
            renamed: BTreeMap::new(),
            teams: BTreeMap::new(),
            last: 0,
        };
        gitea.add_account(BOT);
        gitea
    }
}

impl Gitea {
    /// A new id. All objects share one sequence.
    pub fn next_id(&mut self) -> i64 {
        self.last += 1;
        self.last
    }

    /// Adds an account without rights, if there is none of this login.
    pub fn add_account(&mut self, login: &str) -> &mut Account {
        let id = i64::try_from(self.accounts.len()).unwrap() + 1;
        self.accounts.entry(login.to_owned()).or_insert_with(|| Account { id, ..Account::default() })
    }

    /// Adds a repository without content.
    pub fn add_repository(&mut self, full_name: &str) -> &mut Repository {
        self.repositories.entry(full_name.to_owned()).or_default()
    }

    /// The reply to a request; nothing where the double does not support it.
    pub fn answer(&mut self, request: &Request, now: Timestamp) -> Option<Reply> {
        let caller = match self.caller(request) {
            Ok(caller) => caller,
            Err(refused) => return Some(refused),
        };
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let ["api", "v1", path @ ..] = path.as_slice() else { return None };
        match (request.method.as_str(), path) {
            ("GET", ["version"]) => Some(Reply::json(200, &json!({"version": "1.26.0"}))),
            ("GET", ["repos", "issues", "search"]) => Some(self.search(request, caller.login(), None)),
            ("GET", ["orgs", name, "members", login]) => Some(self.member(&caller, name, login)),
            (_, ["orgs", name, "public_members", login]) => self.public_member(request, &caller, name, login),
            (_, ["user" | "users" | "admin" | "orgs" | "teams", ..]) => self.fill(request, &caller, path),
            (_, ["repos", owner, name, rest @ ..]) => {
                let name = format!("{owner}/{name}");
                if let Some(new) = self.renamed.get(&name) {
                    return Some(self.moved(request, new, rest));
                }
                let repository = self.repositories.get(&name);
                if repository.is_none_or(|repository| !self.may_read(caller.login(), &name, repository)) {
                    return Some(self.refuse(404, "not found"));
                }
                self.of_repository(request, &caller, &name, rest, now)
            }
            _ => None,
        }
    }

    fn of_repository(
        &mut self,
        request: &Request,
        caller: &access::Credential,
        name: &str,
        path: &[&str],
        now: Timestamp,
    ) -> Option<Reply> {
        if request.is_change() && caller.login().is_empty() {
            return Some(self.refuse(401, "token is required"));
        }
        let id = |number: &str| PullId { repository: name.to_owned(), number: number.parse().unwrap_or(0) };
        Some(match (request.method.as_str(), path) {
            ("GET", []) => Reply::json(200, &self.show_repository(name, caller.login())),
            ("GET", ["issues"]) => self.search(request, caller.login(), Some(name)),
            ("GET", ["pulls"]) => self.pulls_by_state(request, name),
            ("GET", ["pulls", number]) => match self.pulls.get(&id(number)).filter(|it| !it.is_issue) {
                Some(pull) => Reply::json(200, &self.show_pull(&id(number), pull)),
                None => self.refuse(404, "not found"),
            },
            ("GET", ["issues", "comments"]) => self.comments_of_repository(request, name),
            ("GET", ["issues", number]) => match self.pulls.get(&id(number)) {
                Some(pull) => Reply::json(200, &self.show_issue(&id(number), pull)),
                None => self.refuse(404, "not found"),
            },
            ("GET", ["git", "refs", "pull", number, "head"]) => self.head_reference(&id(number)),
            ("GET", ["issues", number, "timeline"]) => self.timeline(request, &id(number)),
            ("GET", ["issues", number, "comments"]) => self.comments_since(request, &id(number)),
            ("POST", ["issues", number, "comments"]) => self.create_comment(request, caller.login(), &id(number), now),
            (_, ["issues", "comments", comment]) => {
                let comment = comment.parse().unwrap_or(0);
                match self.comments.get(&comment).filter(|it| it.pull.repository == name) {
                    Some(found) => self.one_comment(request, caller.login(), comment, found.clone(), now)?,
                    None => self.refuse(404, "not found"),
                }
            }
            (_, ["statuses", commit]) => self.status(request, caller.login(), name, commit)?,
            _ => return self.fill_repository(request, caller.login(), name, path, now),
        })
    }

    /// Sets a status of a commit, or lists them, the newest first.
    fn status(&mut self, request: &Request, login: &str, name: &str, commit: &str) -> Option<Reply> {
        let is_known = self.repositories[name].commits.contains(commit)
            || self.pulls.iter().any(|(id, pull)| id.repository == name && pull.head == commit);
        match request.method.as_str() {
            "GET" => {
                let of = |it: &&Status| it.repository == name && it.commit == commit;
                let all: Vec<&Status> = self.statuses.iter().rev().filter(of).collect();
                Some(self.page(request, &all, |status| self.show_status(status).to_string()))
            }
            "POST" if !self.may_write(login, name) => {
                Some(self.refuse(403, "user should have a permission to write to a repo"))
            }
            "POST" if !is_known => Some(self.refuse(500, "object does not exist")),
            "POST" => {
                let status = Status {
                    id: self.next_id(),
                    repository: name.to_owned(),
                    commit: commit.to_owned(),
                    author: login.to_owned(),
                    sent: request.body.clone(),
                };
                let shown = self.show_status(&status);
                self.statuses.push(status);
                Some(Reply::json(201, &shown))
            }
            _ => None,
        }
    }

    /// The redirection of a repository's old name.
    fn moved(&self, request: &Request, new: &str, rest: &[&str]) -> Reply {
        let query: Vec<String> = request.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let to = format!("{}/api/v1/repos/{new}/{}{mark}{}", self.address, rest.join("/"), query.join("&"));
        Reply::empty(301).header("location", to)
    }

    /// A refusal with this address in it.
    fn refuse(&self, status: u16, message: &str) -> Reply {
        Reply::json(status, &json!({"message": message, "url": format!("{}/api/swagger", self.address)}))
    }
}
