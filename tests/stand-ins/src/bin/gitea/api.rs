//! The routes of the API.

mod accounts;
mod applications;
mod collaborators;
mod comments;
mod contents;
mod history;
mod hooks;
mod issues;
mod organisations;
mod pulls;
mod repositories;
mod search;
mod statuses;
mod teams;
mod tokens;

use serde_json::json;

use crate::answer::{Answer, Refusal, not_found, ok, unauthorized};
use crate::model::Of;
use crate::turn::Turn;

/// Version of Gitea that this stand-in follows.
const VERSION: &str = "1.26.0";

pub fn answer(turn: &mut Turn) -> Answer {
    let segments: Vec<&str> = turn.call.segments.iter().map(String::as_str).collect();
    let ["api", "v1", path @ ..] = segments.as_slice() else { return Err(Refusal::Silent(404)) };
    let method = turn.call.method.as_str();
    if let Some(caller) = &turn.caller {
        caller.allows(&categories(path), !matches!(method, "GET" | "HEAD"))?;
    }
    match (method, path) {
        ("GET", ["version"]) => ok(&json!({"version": VERSION})),
        (_, ["user", "applications", "oauth2", rest @ ..]) => applications::answer(turn, rest),
        (_, ["users", name, "tokens", rest @ ..]) => tokens::answer(turn, name, rest),
        (_, ["user" | "users", ..] | ["admin", "users", ..]) => accounts::answer(turn, path),
        (_, ["orgs", name, "hooks", rest @ ..]) => {
            let organisation = organisations::owned(turn, name)?;
            hooks::answer(turn, Of::Organisation(organisation.id), rest)
        }
        ("POST", ["orgs", name, "repos"]) => repositories::create_for(turn, name),
        (_, ["orgs", name, "teams", ..]) => teams::of_organisation(turn, name),
        (_, ["teams", id, rest @ ..]) => teams::answer(turn, id, rest),
        (_, ["orgs", rest @ ..]) => organisations::answer(turn, rest),
        ("GET", ["repos", "search"]) => repositories::search(turn),
        ("GET", ["repos", "issues", "search"]) => search::answer(turn),
        ("GET", ["repositories", id]) => repositories::by_id(turn, id),
        (_, ["repos", owner, name, rest @ ..]) => of_repository(turn, owner, name, rest),
        _ => Err(Refusal::Silent(404)),
    }
}

fn of_repository(turn: &mut Turn, owner: &str, name: &str, path: &[&str]) -> Answer {
    let method = turn.call.method.clone();
    if method != "GET" && turn.caller.is_none() {
        return Err(unauthorized("token is required"));
    }
    let at = (owner, name);
    match (method.as_str(), path) {
        (_, []) => repositories::answer(turn, owner, name),
        (_, ["forks"]) => repositories::fork(turn, owner, name),
        (_, ["collaborators", rest @ ..]) => collaborators::answer(turn, at, rest),
        (_, ["hooks", rest @ ..]) => hooks::of_repository(turn, at, rest),
        (_, ["contents", rest @ ..]) => contents::answer(turn, at, &rest.join("/")),
        ("GET", ["raw", rest @ ..]) => contents::raw(turn, at, rest),
        (_, ["branches" | "commits" | "git" | "tags", ..]) => history::answer(turn, at, path),
        (_, ["statuses", sha]) => statuses::answer(turn, at, sha),
        (_, ["pulls", rest @ ..]) => pulls::answer(turn, at, rest),
        (_, ["issues", "comments", rest @ ..]) => comments::answer(turn, at, rest),
        (_, ["issues", number, "comments"]) => comments::of_issue(turn, at, number),
        (_, ["issues", rest @ ..]) => issues::answer(turn, at, rest),
        _ => Err(not_found()),
    }
}

/// The scope categories that a token needs for a path.
fn categories(path: &[&str]) -> Vec<&'static str> {
    match path {
        ["user", "orgs"] => vec!["user", "organization"],
        ["user" | "users", ..] => vec!["user"],
        ["orgs" | "teams", ..] => vec!["organization"],
        ["admin", ..] => vec!["admin"],
        ["repos", "issues", ..] | ["repos", _, _, "issues", ..] => vec!["issue"],
        ["repos" | "repositories", ..] => vec!["repository"],
        _ => Vec::new(),
    }
}
