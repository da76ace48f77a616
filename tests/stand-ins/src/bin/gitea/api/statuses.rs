//! Statuses of commits.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::answer::{Answer, broken, created, not_found, ok};
use crate::model::{Level, Repository, Status};
use crate::paging;
use crate::server::now;
use crate::show::Show;
use crate::turn::Turn;

pub fn answer(turn: &mut Turn, (owner, name): (&str, &str), sha: &str) -> Answer {
    if turn.call.method == "GET" {
        let repository = turn.repository(owner, name)?;
        return list(turn, &repository, sha);
    }
    let repository = turn.repository_for(owner, name, Level::Write)?;
    let (me, body) = (turn.me()?, turn.call.json()?);
    // Gitea answers 500 here, not 404.
    let sha = turn.git(&repository).commit_of(sha).ok_or_else(|| broken("object does not exist"))?;
    let status = Status {
        id: turn.state.next(),
        repository: repository.id,
        sha,
        author: me.id,
        state: body.text_or("state", "")?.to_owned(),
        context: body.text("context")?.filter(|it| !it.is_empty()).unwrap_or("default").to_owned(),
        description: body.text_or("description", "")?.to_owned(),
        target_url: body.text_or("target_url", "")?.to_owned(),
        created: now(),
    };
    let shown = Show { server: turn.server, state: turn.state }.status(&status);
    turn.state.statuses.push(status);
    created(&shown)
}

fn of<'a>(turn: &'a Turn, repository: &Repository, sha: &str) -> Answer<(String, Vec<&'a Status>)> {
    let sha = turn.git(repository).commit_of(sha).ok_or_else(not_found)?;
    let all = turn.state.statuses.iter().rev();
    let found = all.filter(|status| status.repository == repository.id && status.sha == sha).collect();
    Ok((sha, found))
}

pub fn list(turn: &Turn, repository: &Repository, sha: &str) -> Answer {
    let (_, all) = of(turn, repository, sha)?;
    let show = Show { server: turn.server, state: turn.state };
    paging::page(turn, all, |status| show.status(status))
}

/// The newest status of each context, and the worst of them.
pub fn combined(turn: &Turn, repository: &Repository, sha: &str) -> Answer {
    let (sha, all) = of(turn, repository, sha)?;
    let mut newest: BTreeMap<&str, &Status> = BTreeMap::new();
    for status in all {
        newest.entry(&status.context).or_insert(status);
    }
    let is = |state: &str| newest.values().any(|status| status.state == state);
    let worst = ["error", "failure", "warning", "pending", "success"].into_iter().find(|state| is(state));
    let show = Show { server: turn.server, state: turn.state };
    let statuses: Vec<Value> = newest.values().map(|status| show.status(status)).collect();
    ok(&json!({
        "state": worst.unwrap_or_default(), "sha": sha, "total_count": statuses.len(), "statuses": statuses,
        "repository": show.repository(repository, turn.level(repository)), "commit_url": "", "url": "",
    }))
}
