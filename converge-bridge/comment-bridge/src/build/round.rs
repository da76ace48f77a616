//! One round: a look at everything that is open, and what it leads to.

use std::collections::BTreeMap;
use std::time::Duration;

use base::error::chain;

use super::act::Act;
use super::decision::{self, Make, Times, Wanted};
use super::patience::Patience;
use super::snapshot::{Reach, Snapshot};
use super::trouble::Trouble;
use super::{Halt, Rest};
use crate::Bridge;
use crate::trigger::{Command, State, StateKind, Trigger};
use http::names::Pull;

/// Kinds of triggers that this task has to do with. Those that are only seen are decided elsewhere.
const OPEN: [StateKind; 4] = [StateKind::Seen, StateKind::Authorised, StateKind::Cancelling, StateKind::Building];

/// After how long a snapshot is too old to make builds by.
const FRESH: Duration = Duration::from_secs(2);

/// After how many failures in a row no more builds are tried in a round.
const FAILURES: u32 = 3;

/// Looks at everything that is open, and does what is to be done.
pub async fn round(bridge: &Bridge, patience: &mut Patience) -> Result<Rest, Halt> {
    let open = bridge.ledger.of_kinds(&OPEN).map_err(Halt::Ledger)?;
    patience.keep(|comment| open.iter().any(|trigger| trigger.comment == comment));
    if open.iter().all(|trigger| trigger.state.kind() == StateKind::Seen) {
        return idle(bridge, patience).await;
    }
    let taken = Snapshot::take(&bridge.drone, Reach::of(&open), bridge.clock.now());
    let snapshot = match until_the_end(bridge, taken).await? {
        Ok(snapshot) => snapshot,
        Err(error) => return fails(bridge, patience, &open, &error),
    };
    patience.answered();
    bridge.health.resolve("drone");
    let times = Times { now: bridge.clock.now(), give_up: bridge.settings.give_up() };
    let cancels = cancels(&open);
    let is_cancelled = |trigger: &Trigger| cancels.get(&trigger.pull).is_some_and(|comment| *comment > trigger.comment);
    let mut act = Act { bridge, patience, snapshot, times };

    let mut to_make = Vec::new();
    for trigger in &open {
        let cancelled = is_cancelled(trigger);
        match &trigger.state {
            State::Building { .. } => act.follow(trigger, cancelled).await?,
            State::Authorised { .. } => to_make.extend(act.prepare(trigger, cancelled).await?.then_some(trigger)),
            _ => {}
        }
    }
    let more = make_all(&mut act, &to_make).await?;
    if !cancels.is_empty() {
        act.answer_cancels()?;
    }
    Ok(if more { Rest::More } else { Rest::Open })
}

/// Makes the builds of these. Says whether some are left for a fresh look at Drone.
async fn make_all(act: &mut Act<'_>, to_make: &[&Trigger]) -> Result<bool, Halt> {
    let mut failures = 0;
    for (at, trigger) in to_make.iter().enumerate() {
        // The first one is always tried, however long Drone took to tell what it has.
        if at > 0 && act.snapshot.taken.elapsed() > FRESH {
            return Ok(true);
        }
        match act.create(trigger).await? {
            None => failures = 0,
            Some(Trouble::Unreachable | Trouble::Slow) => return Ok(false),
            Some(_) => failures += 1,
        }
        if failures == FAILURES {
            return Ok(false);
        }
    }
    Ok(false)
}

/// The newest comment on each pull request that cancels what was asked for before it.
fn cancels(open: &[Trigger]) -> BTreeMap<Pull, i64> {
    let cancelling = open.iter().filter(|trigger| trigger.state.kind() == StateKind::Cancelling);
    // The lowest comment is first, so the highest stays.
    cancelling.map(|trigger| (trigger.pull.clone(), trigger.comment)).collect()
}

/// Nothing is to be done. Whether Drone is well again is asked all the same, when it was not.
async fn idle(bridge: &Bridge, patience: &mut Patience) -> Result<Rest, Halt> {
    bridge.health.resolve("builds");
    if patience.is_failing() {
        match until_the_end(bridge, bridge.drone.newest(1)).await? {
            Ok(_) => {
                patience.answered();
                bridge.health.resolve("drone");
            }
            Err(error) => return fails(bridge, patience, &[], &error),
        }
    }
    Ok(Rest::Idle)
}

/// Drone as a whole does not answer.
fn fails(bridge: &Bridge, patience: &mut Patience, open: &[Trigger], error: &http::Error) -> Result<Rest, Halt> {
    bridge.health.raise("drone", &chain(error));
    let trouble = Trouble::from(error).to_string();
    for trigger in open.iter().filter(|trigger| trigger.state.kind() != StateKind::Seen) {
        bridge.ledger.set_problem(trigger.comment, Some(&trouble)).map_err(Halt::Ledger)?;
    }
    bridge.bells.say.notify_one();
    Ok(Rest::Failing(patience.failed()))
}

/// A question that may be broken off, for it changes nothing.
pub async fn until_the_end<T>(bridge: &Bridge, question: impl Future<Output = T>) -> Result<T, Halt> {
    let mut stopping = bridge.stopping.subscribe();
    tokio::select! {
        biased;
        _ = stopping.wait_for(|stopping| *stopping) => Err(Halt::Stopping),
        answer = question => Ok(answer),
    }
}

impl Act<'_> {
    /// Does all that is to be done about a trigger that is to be built, but making the build: says whether it is to be.
    async fn prepare(&mut self, trigger: &Trigger, cancelled: bool) -> Result<bool, Halt> {
        let State::Authorised { order, authorised_at, requested_at } = &trigger.state else { return Ok(false) };
        if let Some(requested_at) = requested_at {
            let call = Duration::from_secs(self.bridge.settings.call_seconds);
            self.patience.recall(trigger.comment, self.times.now.duration_since(*requested_at), call);
        }
        let wanted = Wanted {
            comment: trigger.comment,
            created: trigger.created,
            since: *authorised_at,
            cancelled,
            settled: self.patience.is_settled(trigger.comment),
            quiet: self.patience.is_quiet(trigger.comment),
            due: self.patience.is_due(trigger.comment),
        };
        match decision::make(&wanted, &self.snapshot, self.times) {
            Make::Adopt(build) => self.adopt(trigger, &build, cancelled).await?,
            Make::Unprovable => self.trouble(trigger, Trouble::Unprovable)?,
            Make::Settle | Make::Rest => {}
            Make::Drop => drop(self.advance(trigger, State::Cancelled { order: Some(order.clone()) })?),
            Make::GiveUp => {
                let reason = trigger.problem.clone().unwrap_or_else(|| "no build could be made in time".to_owned());
                self.advance(trigger, State::Failed { order: Some(order.clone()), reason })?;
            }
            Make::Doubt => {
                self.advance(trigger, State::Seen { head: Some(order.head.clone()) })?;
                self.bridge.bells.decide.notify_one();
            }
            Make::Create => return Ok(true),
        }
        Ok(false)
    }

    /// Answers the comments that cancel, once nothing is open any more that was asked for before them.
    fn answer_cancels(&mut self) -> Result<(), Halt> {
        let open = self.bridge.ledger.of_kinds(&OPEN).map_err(Halt::Ledger)?;
        for cancel in open.iter().filter(|trigger| trigger.state.kind() == StateKind::Cancelling) {
            let is_before = |trigger: &&Trigger| {
                trigger.pull == cancel.pull
                    && trigger.comment < cancel.comment
                    && matches!(trigger.command, Command::Test { .. })
            };
            if !open.iter().any(|trigger| is_before(&trigger)) {
                self.advance(cancel, State::Answered)?;
            } else if cancel.problem.is_some() {
                self.fine(cancel)?;
            }
        }
        Ok(())
    }
}
