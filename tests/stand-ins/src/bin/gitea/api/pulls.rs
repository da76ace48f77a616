//! Pull requests.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, Reply, broken, created, forbidden, invalid, not_found, refuse, with};
use crate::model::{Issue, Level, Pull, Repository};
use crate::server::now;
use crate::show::Show;
use crate::turn::Turn;
use crate::{deliver, paging, payload, push};

fn show(turn: &Turn, issue: &Issue) -> Value {
    Show { server: turn.server, state: turn.state }.pull(issue)
}

pub fn answer(turn: &mut Turn, (owner, name): (&str, &str), path: &[&str]) -> Answer {
    let repository = turn.repository(owner, name)?;
    match (turn.call.method.as_str(), path) {
        ("GET", []) => list(turn, &repository),
        ("POST", []) => open(turn, &repository),
        ("GET", [number]) => {
            let issue = pull(turn, &repository, number)?;
            crate::answer::ok(&show(turn, &issue))
        }
        ("PATCH", [number]) => change(turn, &repository, number),
        ("POST", [number, "reviews"]) => review(turn, &repository, number),
        ("POST", [number, "merge"]) => merge(turn, &repository, number),
        _ => Err(not_found()),
    }
}

fn pull(turn: &Turn, repository: &Repository, number: &str) -> Answer<Issue> {
    let issue = turn.issue(repository, number)?;
    if issue.pull.is_some() { Ok(issue) } else { Err(not_found()) }
}

/// Newest first. Without a state in the query, all of them.
fn list(turn: &Turn, repository: &Repository) -> Answer {
    let wanted = turn.call.asked("state");
    let fits = |issue: &&Issue| {
        let state = match wanted {
            "open" => !issue.closed,
            "closed" => issue.closed,
            _ => true,
        };
        issue.repository == repository.id && issue.pull.is_some() && state
    };
    let mut all: Vec<&Issue> = turn.state.issues.values().filter(fits).collect();
    all.reverse();
    paging::page(turn, all, |issue| show(turn, issue))
}

fn open(turn: &mut Turn, repository: &Repository) -> Answer {
    let (me, body) = (turn.me()?, turn.call.json()?);
    let (base, head) = (body.text_or("base", "")?, body.text_or("head", "")?);
    let (head_repository, head) = match head.split_once(':') {
        None => (repository.clone(), head),
        Some((owner, branch)) => {
            let owner = turn.state.owner_named(owner).ok_or_else(not_found)?;
            let fork =
                |it: &&Repository| it.owner == owner && (it.parent == Some(repository.id) || it.id == repository.id);
            (turn.state.repositories.values().find(fork).cloned().ok_or_else(not_found)?, branch)
        }
    };
    let sha = turn.git(&head_repository).branch(head).ok_or_else(not_found)?;
    let base_sha = turn.git(repository).branch(base).ok_or_else(not_found)?;
    if head_repository.id == repository.id && head == base {
        return Err(invalid("head and base are the same"));
    }
    let same = |pull: &Pull| pull.head_repository == head_repository.id && pull.head == head && pull.base == base;
    let mut others = turn.state.issues.values().filter(|it| it.repository == repository.id && !it.closed);
    if others.any(|issue| issue.pull.as_ref().is_some_and(same)) {
        return refuse(StatusCode::CONFLICT, "pull request already exists for these targets");
    }
    let issue = Issue {
        id: turn.state.next(),
        repository: repository.id,
        number: turn.state.next_number(repository.id),
        author: me.id,
        title: body.required("title", "Title")?.to_owned(),
        body: body.text_or("body", "")?.to_owned(),
        closed: false,
        locked: false,
        created: now(),
        updated: now(),
        pull: Some(Pull {
            head_repository: head_repository.id,
            head: head.to_owned(),
            base: base.to_owned(),
            sha: sha.clone(),
            merge_base: base_sha,
            merged_by: None,
            merged_at: None,
            merge_commit: None,
        }),
    };
    let id = issue.id;
    turn.state.issues.insert(id, issue);
    push::refresh(turn.server, turn.state, id, &sha);
    push::note(turn.server, turn.state, id, me.id, (&format!("refs/heads/{base}"), &sha));
    tell(turn, id, me.id, "opened");
    let issue = turn.state.issues.get(&id).ok_or_else(not_found)?;
    created(&show(turn, issue))
}

fn tell(turn: &Turn, issue: i64, by: i64, action: &str) {
    let body = payload::pull(turn.server, turn.state, issue, by, action);
    if let Some(issue) = turn.state.issues.get(&issue) {
        deliver::event(turn.server, turn.state, issue.repository, "pull_request", "pull_request", &body);
    }
}

fn change(turn: &mut Turn, repository: &Repository, number: &str) -> Answer {
    let (me, body) = (turn.me()?, turn.call.json()?);
    let mut issue = pull(turn, repository, number)?;
    if issue.author != me.id && turn.level(repository) < Level::Write {
        return Err(forbidden("user should have a permission to write to a repo"));
    }
    if let Some(title) = body.text("title")?.filter(|it| !it.is_empty()) {
        title.clone_into(&mut issue.title);
    }
    if let Some(text) = body.text("body")? {
        text.clone_into(&mut issue.body);
    }
    let was = issue.closed;
    match body.text("state")? {
        Some("closed") => issue.closed = true,
        Some("open") => issue.closed = false,
        _ => {}
    }
    issue.updated = now();
    let (id, is) = (issue.id, issue.closed);
    turn.state.issues.insert(id, issue);
    if was != is {
        tell(turn, id, me.id, if is { "closed" } else { "reopened" });
    }
    let issue = turn.state.issues.get(&id).ok_or_else(not_found)?;
    created(&show(turn, issue))
}

/// A review is delivered to hooks and not stored: its text is no comment.
fn review(turn: &mut Turn, repository: &Repository, number: &str) -> Answer {
    let (me, body) = (turn.me()?, turn.call.json()?);
    let id = pull(turn, repository, number)?.id;
    turn.state.issues.get_mut(&id).ok_or_else(not_found)?.updated = now();
    let user = Show { server: turn.server, state: turn.state }.account(me.id);
    let (text, state) = (body.text_or("body", "")?, body.text_or("event", "PENDING")?);
    crate::answer::ok(&json!({"id": turn.state.next(), "user": user, "body": text, "state": state}))
}

fn merge(turn: &mut Turn, repository: &Repository, number: &str) -> Answer {
    let (me, git) = (turn.me()?, turn.git(repository));
    let mut issue = pull(turn, repository, number)?;
    if turn.level(repository) < Level::Write {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "User not allowed to merge PR");
    }
    let pull = issue.pull.as_mut().filter(|pull| pull.merged_at.is_none() && !issue.closed);
    let Some(pull) = pull else { return refuse(StatusCode::METHOD_NOT_ALLOWED, "The PR is already merged") };
    let base = git.branch(&pull.base).ok_or_else(not_found)?;
    let tree = git.ask(&["merge-tree", "--write-tree", &base, &pull.sha]);
    let Some(tree) = tree else { return refuse(StatusCode::CONFLICT, "Please try again later") };
    let message = format!("Merge pull request '{}' (#{}) from {}\n", issue.title, issue.number, pull.head);
    let sha = git.commit_tree(&tree, &[&base, &pull.sha], &message, (&me.login, &me.email))?;
    let before = git.refs();
    git.set(&format!("refs/heads/{}", pull.base), &sha).map_err(|_| broken("cannot move the base"))?;
    (pull.merged_by, pull.merged_at, pull.merge_commit) = (Some(me.id), Some(now()), Some(sha));
    (issue.closed, issue.updated) = (true, now());
    let id = issue.id;
    turn.state.issues.insert(id, issue);
    push::took_place(turn.server, turn.state, repository.id, me.id, &before);
    tell(turn, id, me.id, "closed");
    Ok(Reply { body: Vec::new(), ..with(200, &Value::Null) })
}
