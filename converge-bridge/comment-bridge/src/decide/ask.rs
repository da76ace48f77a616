//! What becomes of a comment: asked of Gitea, call by call.

use jiff::Timestamp;

use super::{Obstacle, rules};
use crate::Bridge;
use crate::trigger::{Command, Order, Refusal, State, StateKind, Trigger};
use http::gitea::Membership;

/// What a trigger becomes. Until it is written down nobody else may do anything: nothing is awaited after the last answer.
pub async fn next(bridge: &Bridge, trigger: &Trigger) -> Result<State, Obstacle> {
    let repository = &trigger.pull.repository;
    // The settings may be others than when it was found.
    if !bridge.settings.watches(repository) {
        return Ok(State::Forgotten);
    }
    goes_on(bridge)?;
    let Some((comment, date)) = bridge.gitea.comment_at(repository, trigger.comment).await? else {
        return gone(bridge, trigger).await;
    };
    if let Some(end) = rules::of_comment(trigger, &comment, date, bridge.clock.now(), &bridge.settings) {
        return Ok(end);
    }
    if !bridge.settings.allows(&comment.author) && !is_member(bridge, trigger, &comment.author).await? {
        return Ok(State::Refused { reason: Refusal::Stranger });
    }
    match trigger.command {
        Command::Help | Command::Unknown => Ok(State::Answered),
        Command::Cancel => Ok(State::Cancelling),
        Command::Test { quick } => test(bridge, trigger, quick).await,
    }
}

/// Nothing new is begun once it is to end.
fn goes_on(bridge: &Bridge) -> Result<(), Obstacle> {
    if bridge.is_stopping() { Err(Obstacle::Stopping) } else { Ok(()) }
}

/// A comment that is not there was deleted, if the rest still is.
async fn gone(bridge: &Bridge, trigger: &Trigger) -> Result<State, Obstacle> {
    goes_on(bridge)?;
    match bridge.gitea.pull(&trigger.pull).await? {
        Some(_) => Ok(State::Forgotten),
        None => Err(Obstacle::Unseen),
    }
}

async fn is_member(bridge: &Bridge, trigger: &Trigger, author: &str) -> Result<bool, Obstacle> {
    goes_on(bridge)?;
    let owner = trigger.pull.repository.owner();
    let of = format!("members of {owner}");
    match bridge.gitea.is_member(owner, author).await? {
        Membership::Hidden => {
            let hidden = Obstacle::Hidden { bot: bridge.settings.bot.clone(), owner: owner.into() };
            bridge.health.raise(&of, &hidden.to_string());
            Err(hidden)
        }
        membership => {
            bridge.health.resolve(&of);
            Ok(membership == Membership::Member)
        }
    }
}

async fn test(bridge: &Bridge, trigger: &Trigger, quick: bool) -> Result<State, Obstacle> {
    goes_on(bridge)?;
    let pull = bridge.gitea.pull(&trigger.pull).await?.ok_or(Obstacle::Unseen)?;
    if let Some(reason) = rules::of_pull(&pull) {
        return Ok(State::Refused { reason });
    }
    let head = match &trigger.state {
        State::Seen { head: Some(head) } => head.clone(),
        _ => pull.head,
    };
    let order = Order { head, quick };
    let others = bridge.ledger.of_kinds(&[StateKind::Authorised, StateKind::Building, StateKind::Cancelling])?;
    let newest = bridge.ledger.of_pull(&trigger.pull, rules::NEWEST)?;
    Ok(settled(trigger, order, &others, &newest, bridge.clock.now()))
}

fn settled(trigger: &Trigger, order: Order, open: &[Trigger], newest: &[Trigger], now: Timestamp) -> State {
    if rules::is_cancelled(trigger, newest) {
        return State::Cancelled { order: Some(order) };
    }
    match rules::joins(trigger, &order, open) {
        Some(joined_trigger) => State::Joined { joined_trigger },
        None => State::Authorised { order, authorised_at: now, requested_at: None },
    }
}
