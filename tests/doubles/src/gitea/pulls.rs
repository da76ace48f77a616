//! Pull requests and their heads.

use std::cell::RefCell;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Gitea, PullId, PullRequest, Push};
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
            claimed_head: None,
            // No comment has the id of a pull request: all objects share one sequence.
            pushes: vec![Push { id, author: "milo".to_owned(), head: head.to_owned(), created: now }],
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
        self.move_head(id, head);
        self.note_push(id, now);
    }

    /// Moves the reference of a pull request, which Gitea does before it notes the push.
    pub fn move_head(&mut self, id: &PullId, head: &str) {
        head.clone_into(&mut self.pulls.get_mut(id).unwrap().head);
        self.repositories.get_mut(&id.repository).unwrap().commits.insert(head.to_owned());
    }

    /// Notes the push of the present head in the timeline.
    pub fn note_push(&mut self, id: &PullId, now: Timestamp) {
        let event = self.next_id();
        let pull = self.pulls.get_mut(id).unwrap();
        pull.pushes.push(Push { id: event, author: pull.author.clone(), head: pull.head.clone(), created: now });
        pull.updated = now;
    }

    /// The reference of a pull request's head.
    pub(super) fn head_reference(&self, id: &PullId) -> Reply {
        match self.pulls.get(id).filter(|pull| !pull.is_issue) {
            None => self.refuse(404, "not found"),
            Some(pull) => {
                let name = format!("refs/pull/{}/head", id.number);
                let object = json!({"type": "commit", "sha": pull.head, "url": ""});
                Reply::json(200, &json!([{"ref": name, "url": "", "object": object}]))
            }
        }
    }

    /// The comments and pushes of a pull request, in pages, oldest first.
    pub(super) fn timeline(&self, request: &Request, id: &PullId) -> Reply {
        let Some(pull) = self.pulls.get(id) else { return self.refuse(500, "issue does not exist") };
        let comments = self.comments_of(id).map(|(id, comment)| (comment.created, *id, self.show_entry(*id, comment)));
        let pushes = pull.pushes.iter().map(|push| (push.created, push.id, self.show_push(id, push)));
        let mut all: Vec<(Timestamp, i64, Value)> = comments.chain(pushes).collect();
        all.sort_by_key(|(created, id, _)| (created.as_second(), *id));
        let page = self.page(request, &all, |(_, _, entry)| entry.to_string());
        // Gitea links to no other page, and writes an empty one as `null`.
        Reply::json_text(200, if page.body == "[]" { "null".to_owned() } else { page.body })
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
