//! Single files.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply, created, invalid, not_found, ok};
use crate::git::{Change, Entry};
use crate::model::{Level, Repository};
use crate::push;
use crate::show::Show;
use crate::turn::Turn;

pub fn answer(turn: &mut Turn, (owner, name): (&str, &str), path: &str) -> Answer {
    match turn.call.method.as_str() {
        "GET" => {
            let repository = turn.repository(owner, name)?;
            read(turn, &repository, path)
        }
        "POST" | "PUT" | "DELETE" => {
            let repository = turn.repository_for(owner, name, Level::Write)?;
            if repository.archived {
                return Err(Refusal::Said(423, "Repo is archived".to_owned()));
            }
            write(turn, &repository, path)
        }
        _ => Err(not_found()),
    }
}

/// The commit in the query, else the default branch's.
fn commit(turn: &Turn, repository: &Repository) -> Answer<String> {
    let asked = turn.call.asked("ref");
    let name = if asked.is_empty() { &repository.default_branch } else { asked };
    turn.git(repository).commit_of(name).ok_or_else(not_found)
}

fn read(turn: &Turn, repository: &Repository, path: &str) -> Answer {
    let (git, commit) = (turn.git(repository), commit(turn, repository)?);
    let found = if path.is_empty() { None } else { Some(git.entry(&commit, path).ok_or_else(not_found)?) };
    match found {
        Some(entry) if entry.kind == "blob" => ok(&show(turn, repository, &entry, true)?),
        _ => {
            let entries: Answer<Vec<Value>> =
                git.folder(&commit, path).iter().map(|entry| show(turn, repository, entry, false)).collect();
            ok(&Value::Array(entries?))
        }
    }
}

fn show(turn: &Turn, repository: &Repository, entry: &Entry, whole: bool) -> Answer<Value> {
    let full_name = turn.state.full_name(repository);
    let content = if whole { turn.git(repository).blob(&entry.sha) } else { None };
    Ok(json!({
        "name": entry.path.rsplit('/').next(), "path": entry.path, "sha": entry.sha, "size": entry.size,
        "type": if entry.kind == "tree" { "dir" } else { "file" },
        "encoding": content.as_ref().map(|_| "base64"), "content": content.map(|bytes| STANDARD.encode(bytes)),
        "url": turn.url(&format!("/api/v1/repos/{full_name}/contents/{}", entry.path)),
        "html_url": turn.url(&format!("/{full_name}/src/{}", entry.path)),
    }))
}

/// A raw file; the ref is in the query or, for older clients, before the path.
pub fn raw(turn: &Turn, (owner, name): (&str, &str), path: &[&str]) -> Answer {
    let repository = turn.repository(owner, name)?;
    let git = turn.git(&repository);
    let file = |commit: &str, path: &str| {
        let entry = git.entry(commit, path).filter(|entry| entry.kind == "blob")?;
        Some(Reply::new(200, "text/plain; charset=utf-8", git.blob(&entry.sha)?))
    };
    // The longest ref wins: names of branches contain slashes.
    for end in (1..path.len()).rev() {
        let found = git.commit_of(&path[..end].join("/")).and_then(|commit| file(&commit, &path[end..].join("/")));
        if let Some(found) = found {
            return Ok(found);
        }
    }
    let commit = commit(turn, &repository).or_else(|_| {
        // An unknown ref counts as no ref.
        git.commit_of(&repository.default_branch).ok_or_else(not_found)
    })?;
    file(&commit, &path.join("/")).ok_or_else(not_found)
}

fn write(turn: &mut Turn, repository: &Repository, path: &str) -> Answer {
    let (me, body, git) = (turn.me()?, turn.call.json()?, turn.git(repository));
    let method = turn.call.method.clone();
    let branch = body.text("branch")?.filter(|it| !it.is_empty()).unwrap_or(&repository.default_branch);
    let to = body.text("new_branch")?.filter(|it| !it.is_empty()).unwrap_or(branch);
    let parent = git.branch(branch);
    if parent.is_none() && !git.refs().is_empty() {
        return Err(not_found());
    }
    let present = parent.as_ref().and_then(|parent| git.entry(parent, path));
    let given = body.text_or("sha", "")?;
    match (&present, method.as_str()) {
        (Some(_), "POST") => return Err(invalid(format!("repository file already exists [path: {path}]"))),
        (Some(entry), "PUT" | "DELETE") if entry.sha != given => {
            return Err(invalid(format!("sha does not match [given: {given}, expected: {}]", entry.sha)));
        }
        (None, "DELETE") => return Err(not_found()),
        _ => {}
    }
    let content = STANDARD.decode(body.text_or("content", "")?).map_err(|error| invalid(error.to_string()))?;
    let default = format!("Update {path}");
    let message = body.text("message")?.filter(|it| !it.is_empty()).unwrap_or(&default);
    let change = Change {
        path,
        content: (method != "DELETE").then_some(content.as_slice()),
        message: &format!("{message}\n"),
        parent: parent.as_deref(),
        name: &me.login,
        email: &me.email,
    };
    let name = format!("refs/heads/{to}");
    let before = git.refs();
    if to != branch && before.contains_key(&name) {
        return Err(invalid(format!("branch already exists [name: {to}]")));
    }
    let sha = git.change(&change)?;
    git.set(&name, &sha)?;
    push::took_place(turn.server, turn.state, repository.id, me.id, &before);
    let entry = git.entry(&sha, path);
    let shown = entry.map(|entry| show(turn, repository, &entry, true)).transpose()?;
    let made = git.commit(&sha).ok_or_else(not_found)?;
    let commit = Show { server: turn.server, state: turn.state }.commit(repository, &made);
    let answer = json!({"content": shown, "commit": {"sha": sha, "message": made.message, "url": commit["url"]}});
    if method == "POST" { created(&answer) } else { ok(&answer) }
}
