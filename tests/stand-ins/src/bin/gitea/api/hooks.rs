//! Webhooks.

use crate::answer::{Answer, created, invalid, not_found, nothing, ok};
use crate::model::{Hook, Level, Of};
use crate::paging;
use crate::server::now;
use crate::show;
use crate::turn::Turn;
use crate::{deliver, payload};

const EVENTS: [&str; 7] =
    ["create", "delete", "push", "issue_comment", "pull_request", "pull_request_comment", "pull_request_sync"];

pub fn of_repository(turn: &mut Turn, (owner, name): (&str, &str), path: &[&str]) -> Answer {
    turn.me()?;
    let repository = turn.repository_for(owner, name, Level::Admin)?;
    answer(turn, Of::Repository(repository.id), path)
}

/// Answers after the caller's permission has been checked.
pub fn answer(turn: &mut Turn, of: Of, path: &[&str]) -> Answer {
    let [id, rest @ ..] = path else {
        if turn.call.method == "GET" {
            let all: Vec<&Hook> = turn.state.hooks.values().filter(|hook| hook.of == of).collect();
            return paging::page(turn, all, |hook| show::hook(hook));
        }
        let hook = create(turn, of)?;
        return created(&show::hook(&hook));
    };
    let id: i64 = id.parse().map_err(|_| not_found())?;
    let mut hook = turn.state.hooks.get(&id).filter(|hook| hook.of == of).cloned().ok_or_else(not_found)?;
    match (turn.call.method.as_str(), rest) {
        ("GET", []) => ok(&show::hook(&hook)),
        ("PATCH", []) => {
            change(turn, &mut hook)?;
            turn.state.hooks.insert(id, hook.clone());
            ok(&show::hook(&hook))
        }
        ("DELETE", []) => {
            turn.state.hooks.remove(&id);
            nothing()
        }
        ("POST", ["tests"]) => test(turn, &hook),
        _ => Err(not_found()),
    }
}

fn create(turn: &mut Turn, of: Of) -> Answer<Hook> {
    let body = turn.call.json()?;
    let kind = body.required("type", "Type")?;
    if !["gitea", "gogs"].contains(&kind) {
        return Err(invalid(format!("Invalid hook type: {kind}")));
    }
    let mut hook = Hook {
        id: turn.state.next(),
        of,
        kind: kind.to_owned(),
        url: String::new(),
        content_type: "json".to_owned(),
        secret: String::new(),
        events: vec!["push".to_owned()],
        // A new hook is inactive unless the body activates it.
        active: false,
        created: now(),
    };
    for option in ["url", "content_type"] {
        if body.at("config")[option].as_str().is_none_or(str::is_empty) {
            return Err(invalid(format!("Missing config option: {option}")));
        }
    }
    change(turn, &mut hook)?;
    turn.state.hooks.insert(hook.id, hook.clone());
    Ok(hook)
}

fn change(turn: &Turn, hook: &mut Hook) -> Answer<()> {
    let body = turn.call.json()?;
    let config = body.at("config");
    for (option, field) in
        [("url", &mut hook.url), ("content_type", &mut hook.content_type), ("secret", &mut hook.secret)]
    {
        if let Some(text) = config[option].as_str() {
            text.clone_into(field);
        }
    }
    if let Some(active) = body.flag("active")? {
        hook.active = active;
    }
    if let Some(events) = body.texts("events")? {
        // One name can stand for several kinds of event.
        let wanted = |kind: &str| events.iter().any(|event| event == kind || covers(event, kind));
        hook.events = EVENTS.into_iter().filter(|kind| wanted(kind)).map(str::to_owned).collect();
    }
    Ok(())
}

/// True if Gitea counts an event's name as this kind too.
fn covers(event: &str, kind: &str) -> bool {
    match event {
        "pull_request" => ["pull_request_comment", "pull_request_sync"].contains(&kind),
        "issues" => kind == "issue_comment",
        "pull_request_only" => kind == "pull_request",
        _ => false,
    }
}

fn test(turn: &Turn, hook: &Hook) -> Answer {
    let me = turn.me()?;
    let Of::Repository(id) = hook.of else { return Err(not_found()) };
    let repository = turn.state.repositories.get(&id).ok_or_else(not_found)?;
    let git = turn.server.git(id);
    let head = git.branch(&repository.default_branch).unwrap_or_default();
    let name = format!("refs/heads/{}", repository.default_branch);
    let body = payload::push(turn.server, turn.state, id, me.id, &name, (&head, &head));
    deliver::to(turn.server, hook, "push", "push", &body);
    nothing()
}
