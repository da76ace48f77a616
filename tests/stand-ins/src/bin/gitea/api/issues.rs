//! Issues, including pull requests.

use serde_json::Value;

use super::search;
use crate::answer::{Answer, Refusal, created, not_found, nothing, ok};
use crate::model::{Issue, Level};
use crate::server::now;
use crate::show::Show;
use crate::turn::Turn;

fn show(turn: &Turn, issue: &Issue) -> Value {
    Show { server: turn.server, state: turn.state }.issue(issue)
}

pub fn answer(turn: &mut Turn, (owner, name): (&str, &str), path: &[&str]) -> Answer {
    let repository = turn.repository(owner, name)?;
    match (turn.call.method.as_str(), path) {
        ("GET", []) => search::of_repository(turn, &repository),
        ("POST", []) => {
            let (me, body) = (turn.me()?, turn.call.json()?);
            if repository.archived {
                return Err(Refusal::Said(423, "Repo is archived".to_owned()));
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
                pull: None,
            };
            let shown = show(turn, &issue);
            turn.state.issues.insert(issue.id, issue);
            created(&shown)
        }
        ("GET", [number]) => {
            let issue = turn.issue(&repository, number)?;
            ok(&show(turn, &issue))
        }
        (method @ ("PUT" | "DELETE"), [number, "lock"]) => {
            turn.repository_for(owner, name, Level::Admin)?;
            let (locks, id) = (method == "PUT", turn.issue(&repository, number)?.id);
            turn.state.issues.get_mut(&id).ok_or_else(not_found)?.locked = locks;
            nothing()
        }
        _ => Err(not_found()),
    }
}
