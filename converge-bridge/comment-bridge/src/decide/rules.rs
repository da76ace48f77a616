//! What may be, by what is known: no calls, no clock.

use jiff::{SignedDuration, Timestamp};

use crate::grammar;
use crate::settings::Settings;
use crate::trigger::{Command, Order, Refusal, State, StateKind, Trigger};
use http::gitea::{Comment, PullRequest};

/// How many of a pull request's triggers are looked through for a cancel.
pub const NEWEST: usize = 200;
/// How often a trigger is tried before it is given up: a clock that jumps is no reason.
const TRIES: u32 = 5;

/// What a comment that is there becomes, where no more has to be asked.
pub fn of_comment(
    trigger: &Trigger,
    comment: &Comment,
    date: Timestamp,
    now: Timestamp,
    settings: &Settings,
) -> Option<State> {
    let is_it = comment.pull == Some(trigger.pull.number) && grammar::command(&comment.body) == Some(trigger.command);
    if !is_it || comment.is_edited() || settings.is_bot(&comment.author) {
        return Some(State::Forgotten);
    }
    // By Gitea's clock, less the time that it took us since it was found.
    let waited = now.duration_since(trigger.changed).max(SignedDuration::ZERO);
    let age = date.duration_since(comment.created).saturating_sub(waited);
    let is_first = matches!(trigger.state, State::Seen { head: None });
    (is_first && age > settings.catch_up()).then_some(State::Refused { reason: Refusal::TooOld })
}

/// Why a pull request gets no build.
pub fn of_pull(pull: &PullRequest) -> Option<Refusal> {
    if pull.archived {
        return Some(Refusal::Archived);
    }
    (!pull.open).then_some(Refusal::Closed)
}

/// What a trigger becomes that was allowed, waited for Drone, and may not be built any more, or was deleted or edited
/// meanwhile: its comment says that it waits, and must not go on saying so.
pub fn taken_back(trigger: &Trigger, next: &State) -> Option<State> {
    let (State::Seen { head: Some(head) }, Command::Test { quick }) = (&trigger.state, trigger.command) else {
        return None;
    };
    let is_taken_back = matches!(next, State::Forgotten | State::Refused { reason: Refusal::Stranger });
    is_taken_back.then(|| State::Cancelled { order: Some(Order { head: head.clone(), quick }) })
}

/// Whether a later comment that was already decided cancels it.
pub fn is_cancelled(trigger: &Trigger, newest: &[Trigger]) -> bool {
    newest.iter().any(|other| {
        other.command == Command::Cancel
            && other.comment > trigger.comment
            && matches!(other.state.kind(), StateKind::Cancelling | StateKind::Answered)
    })
}

/// Whose build is the same, was asked for before, and is not about to be cancelled.
pub fn joins(trigger: &Trigger, order: &Order, open: &[Trigger]) -> Option<i64> {
    let here = || open.iter().filter(|other| other.pull == trigger.pull);
    let cancelled =
        |comment: i64| here().any(|other| matches!(other.state, State::Cancelling) && other.comment > comment);
    let same = |other: &&Trigger| {
        matches!(other.state, State::Authorised { .. } | State::Building { .. })
            && other.comment < trigger.comment
            && other.state.order() == Some(order)
            && !cancelled(other.comment)
    };
    here().find(same).map(|other| other.comment)
}

/// Whether a trigger could not be decided for so long that it never will be.
pub fn is_given_up(trigger: &Trigger, now: Timestamp, settings: &Settings, failures: u32) -> bool {
    failures >= TRIES && now.duration_since(trigger.changed) > settings.give_up()
}

/// What a trigger becomes that could not be decided. Nobody knows whether its author may, so no word is said of one that
/// was never allowed.
pub fn given_up(trigger: &Trigger, reason: String) -> State {
    let Command::Test { quick } = trigger.command else { return State::Forgotten };
    let head = match &trigger.state {
        State::Seen { head } => head.clone(),
        _ => None,
    };
    State::Failed { order: head.map(|head| Order { head, quick }), reason }
}
