//! Comments of pull requests and issues.

use jiff::Timestamp;
use serde_json::Value;

use super::{Comment, Gitea, PullId};
use crate::{Reply, Request};

impl Gitea {
    /// The comments of a pull request, by id.
    pub fn comments_of(&self, pull: &PullId) -> impl Iterator<Item = (&i64, &Comment)> {
        self.comments.iter().filter(move |(_, comment)| comment.pull == *pull)
    }

    /// Adds a comment, which counts as a change of its pull request. Returns its id.
    pub fn comment(&mut self, pull: &PullId, author: &str, body: &str, now: Timestamp) -> i64 {
        let id = self.next_id();
        let (author, body, head) = (author.to_owned(), body.to_owned(), self.pulls[pull].shown_head().to_owned());
        let comment = Comment { pull: pull.clone(), author, body, created: now, updated: now, head };
        self.written.insert(id, comment.clone());
        self.comments.insert(id, comment);
        self.pulls.get_mut(pull).unwrap().updated = now;
        id
    }

    /// A moment in the query, in seconds.
    pub(super) fn moment(&self, request: &Request, name: &str) -> Result<Option<i64>, Reply> {
        match request.parameter(name) {
            "" => Ok(None),
            text => match text.parse::<Timestamp>() {
                Ok(moment) => Ok(Some(moment.as_second())),
                Err(error) => Err(self.refuse(422, &error.to_string())),
            },
        }
    }

    /// The comments of one pull request. This list has no pages.
    pub(super) fn comments_since(&self, request: &Request, pull: &PullId) -> Reply {
        if !self.pulls.contains_key(pull) {
            return self.refuse(500, "issue does not exist");
        }
        let since = match self.moment(request, "since") {
            Ok(since) => since,
            Err(refused) => return refused,
        };
        let fits = |(_, it): &(&i64, &Comment)| since.is_none_or(|since| it.updated.as_second() >= since);
        let shown: Vec<Value> =
            self.comments_of(pull).filter(fits).map(|(id, it)| self.show_comment(*id, it)).collect();
        let count = shown.len().to_string();
        Reply::json(200, &Value::Array(shown)).header("x-total-count", count)
    }

    /// The comments of a repository, in pages.
    pub(super) fn comments_of_repository(&self, request: &Request, repository: &str) -> Reply {
        let since = match self.moment(request, "since") {
            Ok(since) => since,
            Err(refused) => return refused,
        };
        let fits = |(_, it): &(&i64, &Comment)| {
            it.pull.repository == repository && since.is_none_or(|since| it.updated.as_second() >= since)
        };
        let all: Vec<(&i64, &Comment)> = self.comments.iter().filter(fits).collect();
        self.page(request, &all, |(id, it)| self.show_comment(**id, it).to_string())
    }

    /// The text of a comment in a request.
    fn text(&self, request: &Request) -> Result<String, Reply> {
        if request.is_malformed {
            return Err(self.refuse(422, "unexpected end of JSON input"));
        }
        let text = request.body["body"].as_str().filter(|body| !body.is_empty());
        text.map(ToOwned::to_owned).ok_or_else(|| self.refuse(422, "[Body]: Required"))
    }

    pub(super) fn create_comment(&mut self, request: &Request, login: &str, pull: &PullId, now: Timestamp) -> Reply {
        let Some(found) = self.pulls.get(pull) else { return self.refuse(500, "issue does not exist") };
        let name = &pull.repository;
        if self.repositories[name].is_archived {
            return self.refuse(423, &format!("Repo is archived [{name}]"));
        }
        if found.is_locked && !self.may_write(login, name) {
            return self.refuse(403, "issue is locked");
        }
        match self.text(request) {
            Err(refused) => refused,
            Ok(text) => {
                let id = self.comment(pull, login, &text, now);
                Reply::json(201, &self.show_comment(id, &self.comments[&id]))
            }
        }
    }

    /// Shows, edits or deletes a comment. An edit is no change of the pull request.
    pub(super) fn one_comment(
        &mut self,
        request: &Request,
        login: &str,
        id: i64,
        mut comment: Comment,
        now: Timestamp,
    ) -> Option<Reply> {
        let method = request.method.as_str();
        if method == "GET" {
            return Some(Reply::json(200, &self.show_comment(id, &comment)));
        }
        if comment.author != login && !self.may_write(login, &comment.pull.repository) {
            return Some(Reply::empty(403));
        }
        match method {
            "PATCH" => Some(match self.text(request) {
                Err(refused) => refused,
                Ok(text) => {
                    (comment.body, comment.updated) = (text, now);
                    let shown = self.show_comment(id, &comment);
                    self.comments.insert(id, comment);
                    Reply::json(200, &shown)
                }
            }),
            "DELETE" => {
                self.comments.remove(&id);
                Some(Reply::empty(204))
            }
            _ => None,
        }
    }
}
