//! One round: compares every open trigger with Drone and takes the next step for each.

use std::collections::BTreeMap;
use std::time::Duration;

use base::error::chain;
use jiff::SignedDuration;

use super::Next;
use super::act::{Act, BUILDS};
use super::attempts::Attempts;
use super::decision::{self, Make, PendingBuild, Times};
use super::snapshot::{Reach, Snapshot};
use super::timeout::{self, Timeout};
use crate::Bridge;
use crate::problem::{DroneProblem, Problem};
use crate::stop::Stop;
use crate::trigger::{Command, State, StateKind, Trigger};
use http::names::Pull;

/// Kinds of triggers that this task reads. Those in `Seen` belong to the task `decide`.
const OPEN: [StateKind; 4] = [StateKind::Seen, StateKind::Authorised, StateKind::Cancelling, StateKind::Building];

/// The greatest age of a snapshot that builds are made by.
const FRESH: Duration = Duration::from_secs(2);

/// Consecutive failures after which a round makes no more builds.
const FAILURES: u32 = 3;

/// The key of problems with Drone in the status.
const DRONE: &str = "drone";

/// Looks at every open trigger and takes the next step for each.
pub async fn round(bridge: &Bridge, attempts: &mut Attempts, timeout: &mut Timeout) -> Result<Next, Stop> {
    let open = bridge.ledger.of_kinds(&OPEN)?;
    attempts.keep(|comment| open.iter().any(|trigger| trigger.comment == comment));
    if open.iter().all(|trigger| trigger.state.kind() == StateKind::Seen) {
        return idle(bridge, attempts).await;
    }
    let query = Snapshot::take(&bridge.drone, Reach::of(&open), bridge.clock.now());
    let snapshot = match bridge.interruptible(query).await? {
        Ok(snapshot) => snapshot,
        Err(error) => return drone_failed(bridge, attempts, &open, &error),
    };
    attempts.drone.succeeded();
    bridge.health.resolve(DRONE);
    bridge.note_left_out("Drone's builds", &snapshot.left_out);
    let timeout = match longest_run(&open, &snapshot) {
        age if age > timeout::ASKED_AFTER => timeout.ask(bridge).await?,
        _ => None,
    };
    let times = Times { now: bridge.clock.now(), give_up: bridge.settings.give_up(), timeout };
    let cancels = cancels(&open);
    let is_cancelled = |trigger: &Trigger| cancels.get(&trigger.pull).is_some_and(|comment| *comment > trigger.comment);
    let mut act = Act { bridge, attempts, snapshot, times };

    let mut to_make = Vec::new();
    for trigger in &open {
        let is_cancelled = is_cancelled(trigger);
        match &trigger.state {
            State::Building { .. } => act.follow(trigger, is_cancelled).await?,
            State::Authorised { .. } => to_make.extend(act.prepare(trigger, is_cancelled).await?.then_some(trigger)),
            _ => {}
        }
    }
    let has_more = make_all(&mut act, &to_make).await?;
    if !cancels.is_empty() {
        act.answer_cancels()?;
    }
    Ok(if has_more { Next::AtOnce } else { Next::Open })
}

/// Makes the builds of these triggers. Returns true if some remain for a fresh snapshot.
async fn make_all(act: &mut Act<'_>, to_make: &[&Trigger]) -> Result<bool, Stop> {
    let mut failures = 0;
    for (at, trigger) in to_make.iter().enumerate() {
        // The first one is always tried, even if Drone's answer took longer than that.
        if at > 0 && act.snapshot.taken.elapsed() > FRESH {
            return Ok(true);
        }
        match act.create(trigger).await? {
            None => failures = 0,
            Some(DroneProblem::Unreachable | DroneProblem::Slow) => return Ok(false),
            Some(_) => failures += 1,
        }
        if failures == FAILURES {
            return Ok(false);
        }
    }
    Ok(false)
}

/// The time since the start of the longest running build of these triggers, by Drone's clock.
fn longest_run(open: &[Trigger], snapshot: &Snapshot) -> SignedDuration {
    let running = open.iter().filter_map(|trigger| trigger.state.build()).filter_map(|build| build.started);
    let ages = running.map(|started| snapshot.time.duration_since(started));
    ages.max().unwrap_or_default()
}

/// The newest open cancel command of each pull request.
fn cancels(open: &[Trigger]) -> BTreeMap<Pull, i64> {
    let cancelling = open.iter().filter(|trigger| trigger.state.kind() == StateKind::Cancelling);
    // In order of their comments, so the newest one stays.
    cancelling.map(|trigger| (trigger.pull.clone(), trigger.comment)).collect()
}

/// A round without open triggers: only checks a Drone that failed before.
async fn idle(bridge: &Bridge, attempts: &mut Attempts) -> Result<Next, Stop> {
    bridge.health.resolve(BUILDS);
    if attempts.drone.is_failing() {
        match bridge.interruptible(bridge.drone.newest(1)).await? {
            Ok(_) => {
                attempts.drone.succeeded();
                bridge.health.resolve(DRONE);
            }
            Err(error) => return drone_failed(bridge, attempts, &[], &error),
        }
    }
    Ok(Next::Idle)
}

/// Records that Drone as a whole fails.
fn drone_failed(bridge: &Bridge, attempts: &mut Attempts, open: &[Trigger], error: &http::Error) -> Result<Next, Stop> {
    bridge.health.raise(DRONE, &chain(error));
    let problem = Problem::from(DroneProblem::from(error));
    for trigger in open.iter().filter(|trigger| trigger.state.kind() != StateKind::Seen) {
        bridge.ledger.set_problem(trigger.comment, Some(problem))?;
    }
    bridge.wakers.report.notify_one();
    Ok(Next::RetryAfter(attempts.drone_failed()))
}

impl Act<'_> {
    /// Takes every step for a trigger without a build, except making it. Returns true if the build must be made.
    async fn prepare(&mut self, trigger: &Trigger, is_cancelled: bool) -> Result<bool, Stop> {
        let State::Authorised { order, authorised_at, requested_at } = &trigger.state else { return Ok(false) };
        if let Some(requested_at) = requested_at {
            let call = Duration::from_secs(self.bridge.settings.call_seconds);
            self.attempts.recall(trigger.comment, self.times.now.duration_since(*requested_at), call);
        }
        let pending = PendingBuild {
            comment: trigger.comment,
            created: trigger.created,
            authorised_at: *authorised_at,
            is_cancelled,
            may_retry: self.attempts.may_retry(trigger.comment),
            may_forget: self.attempts.may_forget(trigger.comment),
            is_due: self.attempts.is_due(trigger.comment),
            is_second: order.repeats.is_some(),
        };
        match decision::make(&pending, &self.snapshot, self.times) {
            Make::Adopt(build) => self.adopt(trigger, &build, is_cancelled).await?,
            Make::Unprovable => self.set_problem(trigger, DroneProblem::Unprovable)?,
            Make::AwaitOutcome | Make::Backoff => {}
            Make::Cancel => drop(self.advance(trigger, State::Cancelled { order: Some(order.clone()) })?),
            Make::GiveUp => {
                let reason = trigger.problem.unwrap_or(Problem::Late);
                self.advance(trigger, State::Failed { order: Some(order.clone()), reason })?;
            }
            Make::Reauthorise => {
                self.advance(trigger, State::unauthorised(order))?;
                self.bridge.wakers.decide.notify_one();
            }
            Make::Create => return Ok(true),
        }
        Ok(false)
    }

    /// Answers each cancel command, once no earlier test of its pull request is open.
    fn answer_cancels(&mut self) -> Result<(), Stop> {
        let open = self.bridge.ledger.of_kinds(&OPEN)?;
        for cancel in open.iter().filter(|trigger| trigger.state.kind() == StateKind::Cancelling) {
            let is_earlier_test = |trigger: &Trigger| {
                trigger.pull == cancel.pull
                    && trigger.comment < cancel.comment
                    && matches!(trigger.command, Command::Test { .. })
            };
            if !open.iter().any(is_earlier_test) {
                self.advance(cancel, State::Answered)?;
            } else if cancel.problem.is_some() {
                self.clear_problem(cancel)?;
            }
        }
        Ok(())
    }
}
