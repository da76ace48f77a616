//! Comments and reactions to them.

use serde_json::Value;

use crate::answer::{Answer, Refusal, broken, created, forbidden, invalid, not_found, nothing, ok};
use crate::model::{Comment, Level, Reaction, Repository};
use crate::server::now;
use crate::show::Show;
use crate::turn::Turn;
use crate::{deliver, paging, payload};

const REACTIONS: [&str; 8] = ["+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"];

fn show(turn: &Turn, comment: &Comment) -> Value {
    Show { server: turn.server, state: turn.state }.comment(comment)
}

/// The time in the query.
pub fn since(turn: &Turn, name: &str) -> Answer<Option<i64>> {
    let asked = turn.call.asked(name);
    if asked.is_empty() {
        return Ok(None);
    }
    let moment: Result<jiff::Timestamp, _> = asked.parse();
    moment.map(|moment| Some(moment.as_second())).map_err(|error| invalid(error.to_string()))
}

/// The comments of one issue or pull request.
pub fn of_issue(turn: &mut Turn, (owner, name): (&str, &str), number: &str) -> Answer {
    let repository = turn.repository(owner, name)?;
    // Gitea answers 500 here, not 404.
    let issue = turn.issue(&repository, number).map_err(|_| broken("issue does not exist"))?;
    if turn.call.method == "GET" {
        let (since, before) = (since(turn, "since")?, since(turn, "before")?);
        let fits =
            |it: &&Comment| since.is_none_or(|since| it.updated >= since) && before.is_none_or(|to| it.updated <= to);
        let all = turn.state.comments_of(issue.id).filter(fits).map(|comment| show(turn, comment));
        return Ok(paging::whole(all.collect()));
    }
    let me = turn.me()?;
    if repository.archived {
        return Err(Refusal::Said(423, format!("Repo is archived [{owner}/{name}]")));
    }
    if issue.locked && turn.level(&repository) < Level::Write {
        return Err(forbidden("issue is locked"));
    }
    let body = turn.call.json()?;
    let comment = Comment {
        id: turn.state.next(),
        issue: issue.id,
        author: me.id,
        body: body.required("body", "Body")?.to_owned(),
        created: now(),
        updated: now(),
        reactions: Vec::new(),
    };
    if let Some(issue) = turn.state.issues.get_mut(&issue.id) {
        issue.updated = now();
    }
    turn.state.comments.insert(comment.id, comment.clone());
    tell(turn, &repository, &comment, me.id, "created", None);
    created(&show(turn, &comment))
}

fn tell(turn: &Turn, repository: &Repository, comment: &Comment, by: i64, action: &str, from: Option<&str>) {
    let of_pull = turn.state.issues.get(&comment.issue).is_some_and(|issue| issue.pull.is_some());
    let kind = if of_pull { "pull_request_comment" } else { "issue_comment" };
    let body = payload::comment(turn.server, turn.state, comment, by, action, from);
    deliver::event(turn.server, turn.state, repository.id, "issue_comment", kind, &body);
}

/// The comments of a repository, or one of them.
pub fn answer(turn: &mut Turn, (owner, name): (&str, &str), path: &[&str]) -> Answer {
    let repository = turn.repository(owner, name)?;
    let [id, rest @ ..] = path else {
        let (since, before) = (since(turn, "since")?, since(turn, "before")?);
        let here =
            |it: &&Comment| turn.state.issues.get(&it.issue).is_some_and(|issue| issue.repository == repository.id);
        let fits =
            |it: &&Comment| since.is_none_or(|since| it.updated >= since) && before.is_none_or(|to| it.updated <= to);
        let all: Vec<&Comment> = turn.state.comments.values().filter(here).filter(fits).collect();
        return paging::page(turn, all, |comment| show(turn, comment));
    };
    let id: i64 = id.parse().map_err(|_| not_found())?;
    let comment = turn.state.comments.get(&id).cloned().ok_or_else(not_found)?;
    if turn.state.issues.get(&comment.issue).is_none_or(|issue| issue.repository != repository.id) {
        return Err(not_found());
    }
    match (turn.call.method.as_str(), rest) {
        ("GET", []) => ok(&show(turn, &comment)),
        ("PATCH", []) => edit(turn, &repository, comment),
        ("DELETE", []) => {
            let me = mine(turn, &repository, &comment)?;
            tell(turn, &repository, &comment, me, "deleted", None);
            turn.state.comments.remove(&id);
            nothing()
        }
        (_, ["reactions"]) => reactions(turn, comment),
        _ => Err(not_found()),
    }
}

/// The caller's id, if the caller wrote the comment or may write to the repository.
fn mine(turn: &Turn, repository: &Repository, comment: &Comment) -> Answer<i64> {
    let me = turn.me()?.id;
    let allowed = comment.author == me || turn.level(repository) >= Level::Write;
    if allowed { Ok(me) } else { Err(Refusal::Silent(403)) }
}

fn edit(turn: &mut Turn, repository: &Repository, mut comment: Comment) -> Answer {
    let me = mine(turn, repository, &comment)?;
    let body = turn.call.json()?;
    let from = std::mem::replace(&mut comment.body, body.required("body", "Body")?.to_owned());
    comment.updated = now();
    turn.state.comments.insert(comment.id, comment.clone());
    tell(turn, repository, &comment, me, "edited", Some(&from));
    ok(&show(turn, &comment))
}

fn reactions(turn: &mut Turn, mut comment: Comment) -> Answer {
    let shown = |turn: &Turn, reaction: &Reaction| Show { server: turn.server, state: turn.state }.reaction(reaction);
    if turn.call.method == "GET" {
        return ok(&comment.reactions.iter().map(|reaction| shown(turn, reaction)).collect());
    }
    let (me, body) = (turn.me()?, turn.call.json()?);
    let content = body.text_or("content", "")?;
    let given = |reaction: &Reaction| reaction.account == me.id && reaction.content == content;
    if turn.call.method == "DELETE" {
        comment.reactions.retain(|reaction| !given(reaction));
        turn.state.comments.insert(comment.id, comment);
        return nothing();
    }
    if !REACTIONS.contains(&content) {
        return Err(forbidden(&format!("'{content}' is not an allowed reaction")));
    }
    if let Some(reaction) = comment.reactions.iter().find(|reaction| given(reaction)) {
        return ok(&shown(turn, reaction));
    }
    let reaction = Reaction { account: me.id, content: content.to_owned(), created: now() };
    let answer = shown(turn, &reaction);
    comment.reactions.push(reaction);
    turn.state.comments.insert(comment.id, comment);
    created(&answer)
}
