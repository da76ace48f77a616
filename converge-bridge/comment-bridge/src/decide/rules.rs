//! The rules of a decision: no calls, no clock.

use jiff::{SignedDuration, Timestamp};

use crate::grammar;
use crate::problem::Problem;
use crate::settings::Settings;
use crate::trigger::{Command, Order, Refusal, State, Trigger};
use http::gitea::{Comment, PullRequest};
use http::names::{Repository, is_recipe};

/// The least number of failures before a trigger is given up: a step of the clock alone is no reason.
const TRIES: u32 = 5;

/// Returns the end of a trigger if its comment alone decides it.
pub fn of_comment(
    trigger: &Trigger,
    comment: &Comment,
    date: Timestamp,
    now: Timestamp,
    settings: &Settings,
) -> Option<State> {
    let is_same = comment.pull == Some(trigger.pull.number) && grammar::command(&comment.body) == Some(trigger.command);
    if !is_same || comment.is_edited() || settings.is_bot(&comment.author) {
        return Some(State::Forgotten);
    }
    // By Gitea's clock, without the time that the trigger waited here.
    let waited = now.duration_since(trigger.changed).max(SignedDuration::ZERO);
    let age = date.duration_since(comment.created).saturating_sub(waited);
    let is_first = matches!(trigger.state, State::Seen { order: None, .. });
    (is_first && age > settings.catch_up()).then_some(State::Refused { reason: Refusal::TooOld })
}

/// The reason why a repository gets no build.
pub fn of_repository(repository: &Repository) -> Option<Refusal> {
    (!is_recipe(repository.name())).then_some(Refusal::NoRecipe)
}

/// The reason why a pull request gets no build.
pub fn of_pull(pull: &PullRequest) -> Option<Refusal> {
    if pull.archived {
        return Some(Refusal::Archived);
    }
    (!pull.open).then_some(Refusal::Closed)
}

/// Returns the state of a trigger that was allowed before and waited for Drone, but is not allowed, deleted or edited
/// now. Its published comment says that it waits, so it becomes a cancelled run instead of a silent end. So does a run that
/// would be repeated on a pull request that is closed now.
pub fn taken_back(trigger: &Trigger, next: &State) -> Option<State> {
    let State::Seen { order: Some(order), .. } = &trigger.state else { return None };
    let is_taken_back = match next {
        State::Forgotten | State::Refused { reason: Refusal::Stranger } => true,
        State::Refused { .. } => order.repeats.is_some(),
        _ => false,
    };
    is_taken_back.then(|| State::Cancelled { order: Some(order.clone()) })
}

/// The earlier open trigger with the same order that no command is about to cancel.
pub fn joins(trigger: &Trigger, order: &Order, open: &[Trigger]) -> Option<i64> {
    let here = || open.iter().filter(|other| other.pull == trigger.pull);
    let is_cancelled =
        |comment: i64| here().any(|other| matches!(other.state, State::Cancelling) && other.comment > comment);
    let is_same = |other: &&Trigger| {
        matches!(other.state, State::Authorised { .. } | State::Building { .. })
            && other.comment < trigger.comment
            && other.state.order().is_some_and(|other| other.is_same(order))
            && !is_cancelled(other.comment)
    };
    here().find(is_same).map(|other| other.comment)
}

/// True if a trigger failed often enough and is too old to be tried again.
pub fn is_given_up(trigger: &Trigger, now: Timestamp, settings: &Settings, failures: u32) -> bool {
    failures >= TRIES && now.duration_since(trigger.changed) > settings.give_up()
}

/// Returns the end of a trigger that could not be decided. A trigger that was never allowed gets no answer, because its
/// author may be a stranger.
pub fn given_up(trigger: &Trigger, reason: Problem) -> State {
    match trigger.command {
        Command::Test { .. } => State::Failed { order: trigger.state.order().cloned(), reason },
        _ => State::Forgotten,
    }
}
