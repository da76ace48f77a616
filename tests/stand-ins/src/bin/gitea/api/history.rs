//! Branches, commits and tags.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, created, not_found, nothing, ok, refuse, with};
use crate::model::{Level, Repository};
use crate::paging;
use crate::push;
use crate::show::Show;
use crate::turn::Turn;

pub fn answer(turn: &mut Turn, (owner, name): (&str, &str), path: &[&str]) -> Answer {
    let repository = turn.repository(owner, name)?;
    match (turn.call.method.as_str(), path) {
        ("GET", ["branches"]) => {
            let names: Vec<String> = turn.git(&repository).refs().into_keys().collect();
            let all: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix("refs/heads/")).collect();
            paging::page(turn, all, |name| branch(turn, &repository, name).unwrap_or_default())
        }
        ("GET", ["branches", rest @ ..]) => ok(&branch(turn, &repository, &rest.join("/")).ok_or_else(not_found)?),
        ("DELETE", ["branches", rest @ ..]) => {
            let repository = turn.repository_for(owner, name, Level::Write)?;
            let (me, before) = (turn.me()?, turn.git(&repository).refs());
            turn.git(&repository).run(&["update-ref", "-d", &format!("refs/heads/{}", rest.join("/"))])?;
            push::took_place(turn.server, turn.state, repository.id, me.id, &before);
            nothing()
        }
        ("GET", ["git", "commits", rest @ ..]) => {
            let git = turn.git(&repository);
            let found = git.commit_of(&rest.join("/")).and_then(|sha| git.commit(&sha)).ok_or_else(not_found)?;
            ok(&Show { server: turn.server, state: turn.state }.commit(&repository, &found))
        }
        ("GET", ["git", "refs", rest @ ..]) => references(turn, &repository, &rest.join("/")),
        ("GET", ["commits"]) => commits(turn, &repository),
        ("GET", ["commits", sha, "status"]) => super::statuses::combined(turn, &repository, sha),
        ("GET", ["commits", sha, "statuses"]) => super::statuses::list(turn, &repository, sha),
        ("GET", ["tags"]) => tags(turn, &repository),
        ("POST", ["tags"]) => {
            let repository = turn.repository_for(owner, name, Level::Write)?;
            tag(turn, &repository)
        }
        _ => Err(not_found()),
    }
}

fn branch(turn: &Turn, repository: &Repository, name: &str) -> Option<Value> {
    let git = turn.git(repository);
    let commit = git.commit(&git.branch(name)?)?;
    let person = |person: &crate::git::Person| json!({"name": person.name, "email": person.email, "username": ""});
    let url = turn.url(&format!("/{}/commit/{}", turn.state.full_name(repository), commit.sha));
    Some(json!({
        "name": name, "protected": false, "user_can_push": turn.level(repository) >= Level::Write,
        "commit": {
            "id": commit.sha, "message": commit.message, "url": url, "author": person(&commit.author),
            "committer": person(&commit.committer), "timestamp": commit.committer.date,
        },
    }))
}

fn commits(turn: &Turn, repository: &Repository) -> Answer {
    let git = turn.git(repository);
    let asked = turn.call.asked("sha");
    let from =
        git.commit_of(if asked.is_empty() { &repository.default_branch } else { asked }).ok_or_else(not_found)?;
    let number = |name: &str, other: usize| turn.call.asked(name).parse().ok().filter(|it| *it > 0).unwrap_or(other);
    let (page, limit) = (number("page", 1), number("limit", 30).min(50));
    let show = Show { server: turn.server, state: turn.state };
    let entries = git.commits(&from, (page - 1) * limit, limit);
    let entries = entries.iter().map(|commit| show.commit(repository, commit)).collect();
    Ok(with(200, &Value::Array(entries)).header("X-Total-Count", git.count(&from).to_string()))
}

fn references(turn: &Turn, repository: &Repository, name: &str) -> Answer {
    let git = turn.git(repository);
    let prefix = format!("refs/{name}");
    let found = git.all_refs().into_iter().filter(|(known, _)| known.starts_with(&prefix));
    let found: Vec<Value> = found
        .map(|(name, sha)| {
            let kind = git.ask(&["cat-file", "-t", &sha]).unwrap_or_default();
            json!({"ref": name, "url": "", "object": {"type": kind, "sha": sha, "url": ""}})
        })
        .collect();
    if found.is_empty() { Err(not_found()) } else { ok(&Value::Array(found)) }
}

fn tags(turn: &Turn, repository: &Repository) -> Answer {
    let git = turn.git(repository);
    // Newest first.
    let listed = git.ask(&["for-each-ref", "--sort=-creatordate", "--format=%(refname:short)", "refs/tags"]);
    let listed = listed.unwrap_or_default();
    let all: Vec<&str> = listed.lines().filter(|line| !line.is_empty()).collect();
    paging::page(turn, all, |name| show_tag(turn, repository, name).unwrap_or_default())
}

fn show_tag(turn: &Turn, repository: &Repository, name: &str) -> Option<Value> {
    let git = turn.git(repository);
    let reference = format!("refs/tags/{name}");
    let commit = git.commit_of(&reference)?;
    let message = git.ask(&["for-each-ref", "--format=%(contents)", &reference])?;
    Some(json!({
        "name": name, "message": message, "id": git.ask(&["rev-parse", &reference])?,
        "commit": {"sha": commit, "url": "", "created": git.commit(&commit)?.committer.date},
        "zipball_url": "", "tarball_url": "",
    }))
}

fn tag(turn: &mut Turn, repository: &Repository) -> Answer {
    let (me, body, git) = (turn.me()?, turn.call.json()?, turn.git(repository));
    let name = body.required("tag_name", "TagName")?;
    if git.refs().contains_key(&format!("refs/tags/{name}")) {
        return refuse(StatusCode::CONFLICT, format!("tag already exists [name: {name}]"));
    }
    let target = body.text("target")?.filter(|it| !it.is_empty()).unwrap_or(&repository.default_branch);
    let target = git.commit_of(target).ok_or_else(not_found)?;
    let before = git.refs();
    git.tag(name, &target, body.text_or("message", "")?, (&me.login, &me.email))?;
    push::took_place(turn.server, turn.state, repository.id, me.id, &before);
    created(&show_tag(turn, repository, name).ok_or_else(not_found)?)
}
