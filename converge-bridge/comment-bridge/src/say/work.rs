//! Telling of one pull request.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use tokio::time::Instant;

use super::comment::{self, Spoken, Wanted};
use super::commits;
use super::obstacle::{self, Obstacle};
use super::said::{self, Commits, Told};
use super::voice::Voice;
use crate::Bridge;
use crate::trigger::{State, StateKind, Trigger};
use crate::words;
use crate::words::{Facts, Subject};
use http::names::Pull;
use results::Results;

/// How often in a row a pull request may fail before it is told of without its head.
const TRIES: u32 = 5;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Whether Gitea was asked, and answered.
    pub asked: bool,
    /// From when on there is more to say; nothing, when all is said.
    pub more: Option<Instant>,
}

/// Tells of one pull request, `until` the news that the ledger has of it now.
pub async fn work(bridge: &Bridge, pull: &Pull, until: Option<i64>, voice: &mut Voice) -> Result<Done, Obstacle> {
    let ended = ended(bridge, pull)?;
    let triggers = bridge.ledger.of_pull(pull, words::MOST)?;
    let mut said = bridge.ledger.pull_record(pull)?;
    let subject = Subject::of(&triggers);
    let results = results_of(bridge, pull, &subject);
    let settled = subject.run.is_some_and(|run| matches!(run.state, State::Ended { .. } | State::Reported { .. }));
    let head = if settled { head(bridge, pull, voice).await? } else { None };
    let facts =
        Facts { settings: &bridge.settings, pull, triggers: &triggers, results: &results, head: head.as_deref() };
    let Some(comment) = words::comment(facts) else {
        bridge.ledger.save_record(pull, &said, until)?;
        return Ok(Done { asked: false, more: None });
    };
    let since = triggers.iter().map(|trigger| trigger.created).min();
    let wanted = Wanted { print: said::print(&comment.body), body: comment.body, news: comment.news, since };

    let mut asked = settled;
    match comment::say(bridge, pull, &mut said, &wanted, voice).await {
        Ok(Spoken::Already) => {}
        Ok(Spoken::Now) => asked = true,
        Ok(Spoken::Later(at)) => return Ok(Done { asked, more: Some(at) }),
        Err(Obstacle::Gitea(error)) if gives_up(bridge, &error, &triggers) => {
            bridge.health.note(&format!("comment of {pull}"), &format!("given up: {error}"));
            voice.comment.ends();
            // As if it were said: only news is tried again.
            said.comment = Some(Told { print: wanted.print, news: wanted.news, unclear: false }.written());
        }
        Err(obstacle) => return Err(obstacle),
    }
    for trigger in ended {
        reported(bridge, &trigger)?;
    }
    let statuses = words::statuses(facts);
    match commits::say(bridge, pull, &mut said, &statuses, voice).await {
        Ok(spoke) => asked |= spoke,
        Err(Obstacle::Gitea(error)) if gives_up(bridge, &error, &triggers) => {
            bridge.health.note(&format!("commit status of {pull}"), &format!("given up: {error}"));
            commits::give_up(&mut said, &statuses, voice);
        }
        Err(obstacle) => return Err(obstacle),
    }

    // What was given up and may still come is looked for before all is said.
    let comment = voice.comment.until(Told::read(said.comment.as_deref()).unclear);
    let commits = voice.commits.until(Commits::read(said.statuses.as_deref()).are_unclear());
    let more = [comment, commits].into_iter().flatten().min();
    bridge.ledger.save_record(pull, &said, until.filter(|_| more.is_none()))?;
    Ok(Done { asked, more })
}

/// Triggers whose end is about to be told.
fn ended(bridge: &Bridge, pull: &Pull) -> Result<Vec<Trigger>, Obstacle> {
    let all = bridge.ledger.of_kinds(&[StateKind::Ended])?;
    Ok(all.into_iter().filter(|trigger| trigger.pull == *pull).collect())
}

/// The end of a run was told.
fn reported(bridge: &Bridge, trigger: &Trigger) -> Result<(), Obstacle> {
    if let State::Ended { order, build, outcome } = trigger.state.clone() {
        let next = State::Reported { order, build, outcome };
        bridge.ledger.advance(trigger, next, bridge.clock.now())?;
    }
    Ok(())
}

/// What the runs left that are told of.
fn results_of(bridge: &Bridge, pull: &Pull, subject: &Subject<'_>) -> BTreeMap<i64, Results> {
    let of = |run: &Trigger| {
        let (order, build) = (run.state.order()?, run.state.build()?);
        let of = results::RunIdentity {
            build: build.number,
            commit: &order.head,
            pull: pull.number,
            recipe: pull.repository.name(),
            quick: order.quick,
        };
        Some((build.number, results::read(&bridge.runs, of)?))
    };
    subject.runs().filter_map(of).collect()
}

/// The head the pull request has now; nothing, when Gitea does not say: the verdict does not wait for that.
async fn head(bridge: &Bridge, pull: &Pull, voice: &mut Voice) -> Result<Option<String>, Obstacle> {
    if let Some(head) = voice.head() {
        return Ok(Some(head.to_owned()));
    }
    if bridge.is_stopping() {
        return Err(Obstacle::Stopping);
    }
    match bridge.gitea.pull(pull).await {
        Ok(Some(read)) => {
            voice.read_head(&read.head);
            Ok(Some(read.head))
        }
        Ok(None) => Ok(None),
        Err(error)
            if !obstacle::is_of_the_server(&error) && (obstacle::is_certain(&error) || voice.failures() >= TRIES) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether it is time to give up what Gitea does not let be said.
fn gives_up(bridge: &Bridge, error: &http::Error, triggers: &[Trigger]) -> bool {
    let newest = triggers.iter().map(|trigger| trigger.changed).max();
    let hours = i64::try_from(bridge.settings.give_up_hours).unwrap_or(i64::MAX).saturating_mul(3600);
    let age = newest.map(|newest| bridge.clock.now().duration_since(newest));
    !obstacle::is_of_the_server(error) && age.is_some_and(|age| age > SignedDuration::from_secs(hours))
}
