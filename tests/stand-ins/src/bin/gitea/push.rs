//! Effects of a push: pull requests follow their heads, and webhooks are delivered.

use std::collections::BTreeMap;

use crate::model::{Issue, Push};
use crate::server::{Server, now};
use crate::state::State;
use crate::{deliver, payload};

const NOWHERE: &str = "0000000000000000000000000000000000000000";

/// Handles a push: every ref with another target than before has moved.
pub fn took_place(server: &Server, state: &mut State, repository: i64, by: i64, before: &BTreeMap<String, String>) {
    let git = server.git(repository);
    let after = git.refs();
    // The first branch of an empty repository becomes the default one, if the default branch does not exist.
    if let Some(kept) = state.repositories.get_mut(&repository) {
        let branches: Vec<&str> = after.keys().filter_map(|name| name.strip_prefix("refs/heads/")).collect();
        if !branches.contains(&kept.default_branch.as_str()) && branches.len() == 1 {
            branches[0].clone_into(&mut kept.default_branch);
        }
        let head = format!("refs/heads/{}", kept.default_branch);
        drop(git.run(&["symbolic-ref", "HEAD", &head]));
    }
    let names: Vec<&String> = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))).collect();
    for name in names {
        let (old, new) =
            (before.get(name).map_or(NOWHERE, String::as_str), after.get(name).map_or(NOWHERE, String::as_str));
        if old != new {
            moved(server, state, repository, by, name, (old, new));
        }
    }
}

/// Handles the move of one branch or tag.
pub fn moved(server: &Server, state: &mut State, repository: i64, by: i64, name: &str, (old, new): (&str, &str)) {
    if let Some(kept) = state.repositories.get_mut(&repository) {
        kept.updated = now();
    }
    let body = payload::push(server, state, repository, by, name, (old, new));
    deliver::event(server, state, repository, "push", "push", &body);
    let Some(branch) = name.strip_prefix("refs/heads/") else { return };
    let heads: Vec<i64> =
        following(state, |issue, pull_head, head| !issue.closed && pull_head == repository && head == branch);
    if new == NOWHERE {
        for id in heads {
            close(server, state, id, by);
        }
        return;
    }
    for id in heads {
        refresh(server, state, id, new);
        note(server, state, id, by, (old, new));
        let body = payload::pull(server, state, id, by, "synchronized");
        if let Some(issue) = state.issues.get(&id) {
            deliver::event(server, state, issue.repository, "pull_request", "pull_request_sync", &body);
        }
    }
}

/// Closes a pull request, whose branch was deleted.
fn close(server: &Server, state: &mut State, id: i64, by: i64) {
    let Some(issue) = state.issues.get_mut(&id) else { return };
    (issue.closed, issue.updated) = (true, now());
    let repository = issue.repository;
    let body = payload::pull(server, state, id, by, "closed");
    deliver::event(server, state, repository, "pull_request", "pull_request", &body);
}

fn following(state: &State, fits: impl Fn(&Issue, i64, &str) -> bool) -> Vec<i64> {
    let pulls = state
        .issues
        .values()
        .filter(|issue| issue.pull.as_ref().is_some_and(|pull| fits(issue, pull.head_repository, &pull.head)));
    pulls.map(|issue| issue.id).collect()
}

/// Notes a push in the timeline of a pull request: its commits, if there are any; then the two heads, if it was forced.
pub fn note(server: &Server, state: &mut State, issue: i64, author: i64, (old, new): (&str, &str)) {
    let Some(kept) = state.issues.get(&issue) else { return };
    let Some(pull) = &kept.pull else { return };
    let git = server.git(kept.repository);
    let forced = git.ask(&["merge-base", "--is-ancestor", old, new]).is_none();
    let (base, since) = (format!("^refs/heads/{}", pull.base), format!("^{old}"));
    let mut range = vec!["rev-list", "--reverse", new, &base];
    if !forced {
        range.push(&since);
    }
    let commits: Vec<String> = git.ask(&range).unwrap_or_default().lines().map(str::to_owned).collect();
    let heads = if forced { vec![old.to_owned(), new.to_owned()] } else { Vec::new() };
    for (commits, forced) in [(commits, false), (heads, true)] {
        if !commits.is_empty() {
            let id = state.next();
            state.pushes.push(Push { id, issue, author, commits, forced, created: now() });
        }
    }
}

/// Sets a pull request's head to a commit, fetched from the fork if necessary.
pub fn refresh(server: &Server, state: &mut State, id: i64, sha: &str) {
    let Some(issue) = state.issues.get_mut(&id) else { return };
    let (base, number) = (server.git(issue.repository), issue.number);
    let Some(pull) = &mut issue.pull else { return };
    if pull.head_repository != issue.repository {
        let from = server.git(pull.head_repository);
        drop(base.run(&["fetch", "--quiet", &from.path().to_string_lossy(), &format!("refs/heads/{}", pull.head)]));
    }
    drop(base.set(&format!("refs/pull/{number}/head"), sha));
    sha.clone_into(&mut pull.sha);
    if let Some(merge_base) = base.ask(&["merge-base", &format!("refs/heads/{}", pull.base), sha]) {
        pull.merge_base = merge_base;
    }
    issue.updated = now();
}
