//! Pull requests of an organisation or of one repository.

use std::cmp::Reverse;

use super::{Gitea, PullId, PullRequest};
use crate::{Reply, Request};

impl Gitea {
    /// The newest first, of those that the account may read.
    pub(super) fn search(&self, request: &Request, login: &str, repository: Option<&str>) -> Reply {
        let (since, before) = match (self.moment(request, "since"), self.moment(request, "before")) {
            (Ok(since), Ok(before)) => (since, before),
            (Err(refused), _) | (_, Err(refused)) => return refused,
        };
        let owner = request.parameter("owner");
        if !owner.is_empty() && !self.organisations.contains_key(owner) {
            return self.refuse(400, "Owner not found");
        }
        let (kind, state) = (request.parameter("type"), request.parameter("state"));
        let fits = |(id, pull): &(&PullId, &PullRequest)| {
            let kind = match kind {
                "pulls" => !pull.is_issue,
                "issues" => pull.is_issue,
                _ => true,
            };
            let state = match state {
                "closed" => pull.is_closed,
                "all" => true,
                _ => !pull.is_closed,
            };
            let updated = pull.updated.as_second();
            kind && state
                && since.is_none_or(|since| updated >= since)
                && before.is_none_or(|before| updated <= before)
                && (owner.is_empty() || id.repository.split('/').next() == Some(owner))
                && repository.is_none_or(|repository| repository == id.repository)
                && self.may_read(login, &id.repository, &self.repositories[&id.repository])
        };
        let mut all: Vec<(&PullId, &PullRequest)> = self.pulls.iter().filter(fits).collect();
        all.sort_by_key(|(_, pull)| Reverse((pull.created, pull.id)));
        self.page(request, &all, |(id, pull)| self.entry(id, pull))
    }

    /// An entry of the list as text, kept until it changes, because polls ask for it very often.
    fn entry(&self, id: &PullId, pull: &PullRequest) -> String {
        let comments = self.comments_of(id).count();
        let mut shown = pull.shown.borrow_mut();
        match shown.as_ref() {
            Some((updated, count, text)) if (*updated, *count) == (pull.updated, comments) => text.clone(),
            _ => {
                let text = self.show_issue(id, pull).to_string();
                *shown = Some((pull.updated, comments, text.clone()));
                text
            }
        }
    }
}
