//! Search for issues and pull requests, in all repositories or in one.

use axum::http::StatusCode;

use super::comments;
use crate::answer::{Answer, refuse};
use crate::model::{Issue, Level, Repository};
use crate::paging;
use crate::show::Show;
use crate::turn::Turn;

pub fn answer(turn: &Turn) -> Answer {
    let owner = match turn.call.asked("owner") {
        "" => None,
        name => match turn.state.owner_named(name) {
            Some(owner) => Some(owner),
            None => return refuse(StatusCode::BAD_REQUEST, "Owner not found"),
        },
    };
    found(turn, |repository| owner.is_none_or(|owner| repository.owner == owner))
}

/// The issues and pull requests of one repository.
pub fn of_repository(turn: &Turn, one: &Repository) -> Answer {
    found(turn, |repository| repository.id == one.id)
}

fn found(turn: &Turn, is_here: impl Fn(&Repository) -> bool) -> Answer {
    let asked = |name: &str| turn.call.asked(name);
    let (since, before) = (comments::since(turn, "since")?, comments::since(turn, "before")?);
    let fits = |issue: &&Issue| {
        let Some(repository) = turn.state.repositories.get(&issue.repository) else { return false };
        let kind = match asked("type") {
            "pulls" => issue.pull.is_some(),
            "issues" => issue.pull.is_none(),
            _ => true,
        };
        let state = match asked("state") {
            "closed" => issue.closed,
            "all" => true,
            _ => !issue.closed,
        };
        let moment = since.is_none_or(|since| issue.updated >= since) && before.is_none_or(|to| issue.updated <= to);
        kind && state && moment && is_here(repository) && turn.level(repository) > Level::None
    };
    let mut all: Vec<&Issue> = turn.state.issues.values().filter(fits).collect();
    all.sort_by_key(|issue| std::cmp::Reverse((issue.created, issue.id)));
    let show = Show { server: turn.server, state: turn.state };
    paging::page(turn, all, |issue| show.issue(issue))
}
