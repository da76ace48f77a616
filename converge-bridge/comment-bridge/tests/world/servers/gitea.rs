//! Gitea.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use comment_bridge::names::Pull;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::pages::{page, whole};
use super::{BOT, Call, GITEA_TOKEN, Reply};

#[derive(Debug, Clone, Default)]
pub struct Gitea {
    /// Organisations and their members.
    pub organisations: BTreeMap<String, BTreeSet<String>>,
    pub accounts: BTreeSet<String>,
    pub repositories: BTreeMap<String, Repository>,
    pub pulls: BTreeMap<Pull, PullRequest>,
    pub comments: BTreeMap<i64, Comment>,
    /// Every comment as it was written, whatever became of it.
    pub written: BTreeMap<i64, Comment>,
    /// Statuses of commits: repository, commit, what was sent.
    pub statuses: Vec<(String, String, Value)>,
    last: i64,
}

#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of Gitea's")]
pub struct Repository {
    pub is_archived: bool,
    pub is_empty: bool,
    pub bot_may_write: bool,
    /// Nobody sees it any more.
    pub is_hidden: bool,
}

#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of Gitea's")]
pub struct PullRequest {
    pub id: i64,
    pub title: String,
    pub head: String,
    pub is_closed: bool,
    pub is_merged: bool,
    pub is_locked: bool,
    pub fork_is_gone: bool,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// As it was listed last, with when it had been updated, and how many comments it had.
    pub shown: RefCell<Option<(Timestamp, usize, String)>>,
}

#[derive(Debug, Clone)]
pub struct Comment {
    pub pull: Pull,
    pub author: String,
    pub body: String,
    pub created: Timestamp,
    pub updated: Timestamp,
}

impl PullRequest {
    pub fn is_draft(&self) -> bool {
        self.title.starts_with("WIP:")
    }
}

impl Gitea {
    pub fn next(&mut self) -> i64 {
        self.last += 1;
        self.last
    }

    pub fn comments_of(&self, pull: &Pull) -> impl Iterator<Item = (&i64, &Comment)> {
        self.comments.iter().filter(move |(_, comment)| comment.pull == *pull)
    }

    /// Somebody comments; the pull request moves with it.
    pub fn comment(&mut self, pull: &Pull, author: &str, body: &str, now: Timestamp) -> i64 {
        let id = self.next();
        let (author, body) = (author.to_owned(), body.to_owned());
        let comment = Comment { pull: pull.clone(), author, body, created: now, updated: now };
        self.written.insert(id, comment.clone());
        self.comments.insert(id, comment);
        self.touch(pull, now);
        id
    }

    pub fn touch(&mut self, pull: &Pull, now: Timestamp) {
        self.pulls.get_mut(pull).unwrap().updated = now;
    }

    fn is_member(&self, organisation: &str, login: &str) -> bool {
        self.organisations.get(organisation).is_some_and(|members| members.contains(login))
    }

    /// The answer to a call; nothing when nobody taught it that call.
    pub fn answer(&mut self, call: &Call, now: Timestamp) -> Option<Reply> {
        if call.token != GITEA_TOKEN {
            return Some(Reply::said(401, "invalid username, password or token"));
        }
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        let ["api", "v1", path @ ..] = path.as_slice() else { return None };
        match (call.method.as_str(), path) {
            ("GET", ["version"]) => Some(Reply::json(200, &json!({"version": "1.26.0"}))),
            ("GET", ["repos", "issues", "search"]) => Some(self.search(call, None)),
            ("GET", ["orgs", organisation, "members", who]) => Some(self.member(organisation, who)),
            (_, ["repos", owner, name, rest @ ..]) => {
                let name = format!("{owner}/{name}");
                if self.repositories.get(&name).is_none_or(|repository| repository.is_hidden) {
                    return Some(Reply::said(404, "not found"));
                }
                self.of_repository(call, &name, rest, now)
            }
            _ => None,
        }
    }

    fn of_repository(&mut self, call: &Call, name: &str, path: &[&str], now: Timestamp) -> Option<Reply> {
        let pull = |number: &str| Pull { repository: name.parse().unwrap(), number: number.parse().unwrap_or(0) };
        Some(match (call.method.as_str(), path) {
            ("GET", []) => Reply::json(200, &self.show_repository(name)),
            ("GET", ["issues"]) => self.search(call, Some(name)),
            ("GET", ["pulls", number]) => match self.pulls.get(&pull(number)) {
                Some(it) => Reply::json(200, &self.show_pull(&pull(number), it)),
                None => Reply::said(404, "not found"),
            },
            ("GET", ["issues", number, "comments"]) => self.comments_since(call, &pull(number)),
            ("POST", ["issues", number, "comments"]) => self.create(call, &pull(number), now),
            (_, ["issues", "comments", id]) => {
                let id = id.parse().unwrap_or(0);
                match self.comments.get(&id).filter(|comment| comment.pull.repository.to_string() == name) {
                    Some(comment) => self.one(call, id, comment.clone(), now)?,
                    None => Reply::said(404, "not found"),
                }
            }
            ("POST", ["statuses", sha]) => {
                if !self.repositories[name].bot_may_write {
                    return Some(Reply::said(403, "user should have a permission to write to a repo"));
                }
                self.statuses.push((name.to_owned(), (*sha).to_owned(), call.body.clone()));
                Reply::json(
                    201,
                    &json!({"id": self.statuses.len(), "status": call.body["state"],
                    "context": call.body["context"], "description": call.body["description"],
                    "target_url": call.body["target_url"]}),
                )
            }
            _ => return None,
        })
    }

    /// Pull requests, newest first: of an owner, or of one repository.
    fn search(&self, call: &Call, repository: Option<&str>) -> Reply {
        let moment = |name: &str| match call.asked(name) {
            "" => Ok(None),
            text => text.parse::<Timestamp>().map(|moment| Some(moment.as_second())),
        };
        let (since, before) = match (moment("since"), moment("before")) {
            (Ok(since), Ok(before)) => (since, before),
            (Err(error), _) | (_, Err(error)) => return Reply::said(422, &error.to_string()),
        };
        let owner = call.asked("owner");
        if !owner.is_empty() && !self.organisations.contains_key(owner) {
            return Reply::said(400, "Owner not found");
        }
        if call.asked("type") == "issues" {
            return page(call, &[] as &[()], |()| String::new());
        }
        let fits = |(pull, it): &(&Pull, &PullRequest)| {
            let state = match call.asked("state") {
                "closed" => it.is_closed,
                "all" => true,
                _ => !it.is_closed,
            };
            let updated = it.updated.as_second();
            let name = pull.repository.to_string();
            state
                && since.is_none_or(|since| updated >= since)
                && before.is_none_or(|before| updated <= before)
                && (owner.is_empty() || pull.repository.owner() == owner)
                && repository.is_none_or(|repository| repository == name)
                && !self.repositories[&name].is_hidden
        };
        let mut all: Vec<(&Pull, &PullRequest)> = self.pulls.iter().filter(fits).collect();
        all.sort_by_key(|(_, it)| std::cmp::Reverse((it.created, it.id)));
        page(call, &all, |(pull, it)| self.listed(pull, it))
    }

    /// An entry of a list as text. It is asked for so often that it is kept.
    fn listed(&self, pull: &Pull, it: &PullRequest) -> String {
        let comments = self.comments_of(pull).count();
        let mut shown = it.shown.borrow_mut();
        match shown.as_ref() {
            Some((updated, count, text)) if (*updated, *count) == (it.updated, comments) => text.clone(),
            _ => {
                let text = self.show_issue(pull, it).to_string();
                *shown = Some((it.updated, comments, text.clone()));
                text
            }
        }
    }

    fn member(&self, organisation: &str, who: &str) -> Reply {
        if !self.organisations.contains_key(organisation) {
            return Reply::said(404, "not found");
        }
        if !self.is_member(organisation, BOT) {
            let to = format!("/api/v1/orgs/{organisation}/public_members/{who}");
            return Reply { status: 303, headers: Vec::new(), body: String::new() }.header("location", to);
        }
        if self.accounts.contains(who) && self.is_member(organisation, who) {
            Reply::nothing()
        } else {
            Reply::said(404, "not found")
        }
    }

    fn comments_since(&self, call: &Call, pull: &Pull) -> Reply {
        // Gitea has no better word for it.
        if !self.pulls.contains_key(pull) {
            return Reply::said(500, "issue does not exist");
        }
        let Ok(since) = Some(call.asked("since")).filter(|text| !text.is_empty()).map(str::parse).transpose() else {
            return Reply::said(422, "no moment");
        };
        let since: Option<Timestamp> = since;
        let fits = |(_, it): &(&i64, &Comment)| since.is_none_or(|since| it.updated.as_second() >= since.as_second());
        whole(self.comments_of(pull).filter(fits).map(|(id, it)| self.show_comment(*id, it)).collect())
    }

    fn create(&mut self, call: &Call, pull: &Pull, now: Timestamp) -> Reply {
        let Some(it) = self.pulls.get(pull) else { return Reply::said(500, "issue does not exist") };
        let name = pull.repository.to_string();
        if self.repositories[&name].is_archived {
            return Reply::said(423, &format!("Repo is archived [{name}]"));
        }
        if it.is_locked {
            return Reply::said(403, "issue is locked");
        }
        let Some(body) = call.body["body"].as_str().filter(|body| !body.is_empty()) else {
            return Reply::said(422, "[Body]: Required");
        };
        let id = self.comment(pull, BOT, body, now);
        Reply::json(201, &self.show_comment(id, &self.comments[&id]))
    }

    /// One comment: shown, edited or deleted. An edit does not move its pull request.
    fn one(&mut self, call: &Call, id: i64, mut comment: Comment, now: Timestamp) -> Option<Reply> {
        if call.method == Method::GET {
            return Some(Reply::json(200, &self.show_comment(id, &comment)));
        }
        if comment.author != BOT && !self.repositories[&comment.pull.repository.to_string()].bot_may_write {
            return Some(Reply::said(403, "Only the poster may change it"));
        }
        match call.method.as_str() {
            "PATCH" => {
                call.body["body"].as_str().unwrap_or_default().clone_into(&mut comment.body);
                comment.updated = now;
                let shown = self.show_comment(id, &comment);
                self.comments.insert(id, comment);
                Some(Reply::json(200, &shown))
            }
            "DELETE" => {
                self.comments.remove(&id);
                Some(Reply::nothing())
            }
            _ => None,
        }
    }
}
