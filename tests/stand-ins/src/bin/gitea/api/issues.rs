//! Issues, including pull requests.

use serde_json::{Value, json};

use super::search;
use crate::answer::{Answer, Refusal, broken, created, not_found, nothing, ok};
use crate::model::{Issue, Level, Repository};
use crate::paging;
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
        ("GET", [number, "timeline"]) => timeline(turn, &repository, number),
        (method @ ("PUT" | "DELETE"), [number, "lock"]) => {
            turn.repository_for(owner, name, Level::Admin)?;
            let (locks, id) = (method == "PUT", turn.issue(&repository, number)?.id);
            turn.state.issues.get_mut(&id).ok_or_else(not_found)?.locked = locks;
            nothing()
        }
        _ => Err(not_found()),
    }
}

/// Comments and pushes, oldest first.
fn timeline(turn: &Turn, repository: &Repository, number: &str) -> Answer {
    // Gitea answers 500 here, not 404.
    let issue = turn.issue(repository, number).map_err(|_| broken("issue does not exist"))?;
    let show = Show { server: turn.server, state: turn.state };
    let comments = turn.state.comments_of(issue.id).map(|comment| {
        let mut shown = show.comment(comment);
        shown["type"] = json!("comment");
        (comment.created, comment.id, shown)
    });
    let pushes = turn.state.pushes.iter().filter(|push| push.issue == issue.id);
    let pushes = pushes.map(|push| (push.created, push.id, show.push(&issue, push)));
    let mut all: Vec<(i64, i64, Value)> = comments.chain(pushes).collect();
    all.sort_by_key(|(created, id, _)| (*created, *id));
    let mut page = paging::page(turn, all, |(_, _, entry)| entry.clone())?;
    // Gitea writes an empty page as `null`.
    if page.body == b"[]" {
        page.body = b"null".to_vec();
    }
    Ok(page)
}
