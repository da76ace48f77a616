//! Pull requests and their heads.

use std::cell::RefCell;

use jiff::Timestamp;

use super::{Gitea, PullId, PullRequest};
use crate::{Reply, Request};

impl Gitea {
    /// Opens a pull request of the branch `change` by `milo` in a repository that exists.
    pub fn open_pull(&mut self, repository: &str, head: &str, now: Timestamp) -> PullId {
        let id = self.next_id();
        let found = self.repositories.get_mut(repository).unwrap();
        found.last_number += 1;
        found.commits.insert(head.to_owned());
        let pull = PullRequest {
            id,
            is_issue: false,
            author: "milo".to_owned(),
            title: "Change it".to_owned(),
            body: String::new(),
            branch: "change".to_owned(),
            head: head.to_owned(),
            is_closed: false,
            is_merged: false,
            is_locked: false,
            fork_is_gone: false,
            created: now,
            updated: now,
            shown: RefCell::default(),
        };
        let id = PullId { repository: repository.to_owned(), number: found.last_number };
        self.pulls.insert(id.clone(), pull);
        id
    }

    /// Pushes a new head to a pull request.
    pub fn push(&mut self, id: &PullId, head: &str, now: Timestamp) {
        self.next_id();
        let pull = self.pulls.get_mut(id).unwrap();
        head.clone_into(&mut pull.head);
        pull.updated = now;
        self.repositories.get_mut(&id.repository).unwrap().commits.insert(head.to_owned());
    }

    /// Pull requests of a repository, the newest first; all of them where no state is asked for.
    pub(super) fn pulls_by_state(&self, request: &Request, repository: &str) -> Reply {
        let fits = |(id, pull): &(&PullId, &PullRequest)| {
            let state = match request.parameter("state") {
                "open" => !pull.is_closed,
                "closed" => pull.is_closed,
                _ => true,
            };
            id.repository == repository && !pull.is_issue && state
        };
        let all: Vec<(&PullId, &PullRequest)> = self.pulls.iter().rev().filter(fits).collect();
        self.page(request, &all, |(id, pull)| self.show_pull(id, pull).to_string())
    }
}
