//! Reports one pull request: its comment, the ends of its runs, its commit statuses.

use std::collections::BTreeMap;

use results::Results;

use super::comment::{self, Draft, WriteOutcome};
use super::commits;
use super::problem;
use super::published::{self, Published, PublishedStatuses};
use super::state::{PublishState, Reported, Revision};
use crate::Bridge;
use crate::stop::{self, Stop};
use crate::trigger::{State, StateKind, Trigger};
use crate::words;
use crate::words::{Facts, Subject};
use http::names::Pull;

/// The number of failures in a row after which a pull request is reported without its head.
const TRIES: u32 = 5;

/// Reports one pull request at a revision of the ledger.
pub async fn report(
    bridge: &Bridge,
    pull: &Pull,
    revision: Revision,
    state: &mut PublishState,
) -> Result<Reported, Stop> {
    let ended = ended(bridge, pull)?;
    let triggers = bridge.ledger.of_pull(pull, words::MOST)?;
    let mut record = bridge.ledger.pull_record(pull)?;
    let subject = Subject::of(&triggers);
    let results = results_of(bridge, pull, &subject);
    let has_ended = subject.run.is_some_and(|run| matches!(run.state, State::Ended { .. } | State::Reported { .. }));
    let head = if has_ended { head(bridge, pull, state).await? } else { None };
    let facts =
        Facts { settings: &bridge.settings, pull, triggers: &triggers, results: &results, head: head.as_deref() };
    let Some(comment) = words::comment(facts) else {
        bridge.ledger.save_record(pull, &record, revision)?;
        return Ok(Reported { has_called: false, again_at: None });
    };
    let since = triggers.iter().map(|trigger| trigger.created).min();
    let draft = Draft { digest: published::digest(&comment.body), body: comment.body, topic: comment.topic, since };

    let mut has_called = has_ended;
    match comment::write(bridge, pull, &mut record, &draft, state).await {
        Ok(WriteOutcome::Unchanged) => {}
        Ok(WriteOutcome::Written) => has_called = true,
        Ok(WriteOutcome::Deferred(until)) => return Ok(Reported { has_called, again_at: Some(until) }),
        Err(Stop::Gitea(error)) if is_given_up(bridge, &error, &triggers) => {
            bridge.health.note(&format!("comment of {pull}"), &format!("given up: {error}"));
            state.comment.end();
            // Counts as published: only another text is tried again.
            record.comment =
                Some(Published { digest: draft.digest, topic: draft.topic, is_unsettled: false }.written());
        }
        Err(stop) => return Err(stop),
    }
    for trigger in ended {
        mark_reported(bridge, &trigger)?;
    }
    let statuses = words::statuses(facts);
    match commits::write(bridge, pull, &mut record, &statuses, state).await {
        Ok(wrote) => has_called |= wrote,
        Err(Stop::Gitea(error)) if is_given_up(bridge, &error, &triggers) => {
            bridge.health.note(&format!("commit status of {pull}"), &format!("given up: {error}"));
            commits::give_up(&mut record, &statuses, state);
        }
        Err(stop) => return Err(stop),
    }

    // The effect of a call of unknown outcome is looked for before the revision counts as reported.
    let comment = state.comment.until(Published::read(record.comment.as_deref()).is_unsettled);
    let commits = state.commits.until(PublishedStatuses::read(record.statuses.as_deref()).are_unsettled());
    let again_at = [comment, commits].into_iter().flatten().min();
    bridge.ledger.save_record(pull, &record, revision.filter(|_| again_at.is_none()))?;
    Ok(Reported { has_called, again_at })
}

/// The triggers whose end this report publishes.
fn ended(bridge: &Bridge, pull: &Pull) -> Result<Vec<Trigger>, Stop> {
    let all = bridge.ledger.of_kinds(&[StateKind::Ended])?;
    Ok(all.into_iter().filter(|trigger| trigger.pull == *pull).collect())
}

fn mark_reported(bridge: &Bridge, trigger: &Trigger) -> Result<(), Stop> {
    if let State::Ended { order, build, outcome } = trigger.state.clone() {
        let next = State::Reported { order, build, outcome };
        bridge.ledger.advance(trigger, next, bridge.clock.now())?;
    }
    Ok(())
}

/// The results of the subject's runs, by build number.
fn results_of(bridge: &Bridge, pull: &Pull, subject: &Subject<'_>) -> BTreeMap<i64, Results> {
    let of = |run: &Trigger| {
        let (order, build) = (run.state.order()?, run.state.build()?);
        Some((build.number, bridge.results(pull, order, build.number)?))
    };
    subject.runs().filter_map(of).collect()
}

/// The pull request's present head; `None` if Gitea does not tell it: a verdict does not wait for that.
async fn head(bridge: &Bridge, pull: &Pull, state: &mut PublishState) -> Result<Option<String>, Stop> {
    if let Some(head) = state.head() {
        return Ok(Some(head.to_owned()));
    }
    bridge.check_running()?;
    match bridge.gitea.head(pull).await {
        Ok(Some(head)) => {
            state.set_head(&head.commit);
            Ok(Some(head.commit))
        }
        Ok(None) => Ok(None),
        Err(error)
            if !stop::is_of_the_server(&error) && (problem::had_no_effect(&error) || state.failures() >= TRIES) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// True if Gitea has refused the newest change for longer than the time limit.
fn is_given_up(bridge: &Bridge, error: &http::Error, triggers: &[Trigger]) -> bool {
    let newest = triggers.iter().map(|trigger| trigger.changed).max();
    let age = newest.map(|newest| bridge.clock.now().duration_since(newest));
    !stop::is_of_the_server(error) && age.is_some_and(|age| age > bridge.settings.give_up())
}
