//! Reads each comment again, checks that its author may give commands, and takes the head commit.
//!
//! Only the first undecided comment of each pull request is looked at; its wait for a retry does not delay other pull
//! requests. Only Gitea's own confirmation or the allow list permits a command; an unknown answer is asked for again.

mod ask;
mod head;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base::backoff::Retries;
use base::error::chain;
use tokio::time::Instant;

use super::Bridge;
use super::held_up::HeldUp;
use super::ledger;
use super::metrics::Task;
use super::stop::{LEDGER_SUBJECT, LedgerRetry, RETRIES, SEVERAL, Stop};
use super::trigger::{self, State, StateKind, Trigger};
use ask::Undecided;
use base::error::one_line;

/// The longest time between two looks into the ledger.
const LOOK: Duration = Duration::from_secs(5);

/// Works until the shutdown.
pub async fn run(bridge: &Arc<Bridge>) {
    let mut decider = Decider {
        bridge,
        gitea: RETRIES,
        ledger: LedgerRetry::new(LEDGER_SUBJECT),
        waiting: BTreeMap::new(),
        held_up: HeldUp::new(bridge, Task::Decide, "decide"),
    };
    loop {
        let pause = decider.look().await;
        if !bridge.wait(Some(&bridge.wakers.decide), pause).await {
            return;
        }
    }
}

#[derive(Debug)]
struct Decider<'a> {
    bridge: &'a Bridge,
    /// Failures of Gitea as a whole.
    gitea: Retries,
    ledger: LedgerRetry,
    /// Failures of each trigger that could not be decided.
    waiting: BTreeMap<i64, Retries>,
    /// The same triggers, for the health report.
    held_up: HeldUp<'a, i64>,
}

impl Decider<'_> {
    /// Decides every trigger that is due, and returns the time to wait.
    async fn look(&mut self) -> Duration {
        match self.decide_all().await {
            Ok(pause) => pause,
            Err(error) => self.ledger.failed(&self.bridge.health, &error),
        }
    }

    async fn decide_all(&mut self) -> Result<Duration, ledger::Error> {
        // A wake-up does not end a wait that the server asked for.
        if let Some(until) = self.gitea.next_attempt().or(self.ledger.next_attempt()) {
            return Ok(until.saturating_duration_since(Instant::now()));
        }
        self.ledger.recover(&self.bridge.ledger, &self.bridge.health)?;
        let seen = self.bridge.ledger.of_kinds(&[StateKind::Seen])?;
        self.waiting.retain(|comment, _| seen.iter().any(|trigger| trigger.comment == *comment));
        self.held_up.keep(|comment| seen.iter().any(|trigger| trigger.comment == *comment));
        let (mut pulls, mut in_a_row) = (BTreeSet::new(), 0);
        let mut next = LOOK;
        for trigger in &seen {
            // Comments of one pull request are decided in their order.
            if !pulls.insert(&trigger.pull) {
                continue;
            }
            if let Some(until) = self.waiting.get(&trigger.comment).and_then(Retries::next_attempt) {
                next = next.min(until.saturating_duration_since(Instant::now()));
                continue;
            }
            match self.decide(trigger).await {
                Ok(()) => {
                    in_a_row = 0;
                    self.waiting.remove(&trigger.comment);
                    self.held_up.succeeded(&trigger.comment);
                    self.gitea.succeeded();
                    // The next comment of the same pull request may be undecided.
                    next = Duration::ZERO;
                }
                Err(Undecided::Stop(Stop::Shutdown)) => return Ok(Duration::ZERO),
                Err(Undecided::Stop(Stop::Ledger(ledger::Error::Transition { .. }))) => next = Duration::ZERO,
                Err(Undecided::Stop(Stop::Ledger(error))) => return Err(error),
                Err(undecided) => {
                    let (pause, asked) = self.not_decided(trigger, &undecided)?;
                    next = next.min(pause);
                    in_a_row = if undecided.is_of_the_server() { in_a_row + 1 } else { 0 };
                    if asked.is_some() || in_a_row >= SEVERAL {
                        let pause = self.gitea.failed(asked);
                        if asked.is_some() {
                            self.bridge.metrics.waited(pause);
                        }
                        return Ok(pause);
                    }
                }
            }
        }
        Ok(next)
    }

    async fn decide(&self, trigger: &Trigger) -> Result<(), Undecided> {
        let bridge = self.bridge;
        let failures = self.waiting.get(&trigger.comment).map_or(0, Retries::failures);
        let next = ask::next(bridge, trigger, failures).await?;
        let next = match rules::taken_back(trigger, &next) {
            Some(cancelled) => {
                self.leave_joined(trigger)?;
                cancelled
            }
            None => next,
        };
        tracing::info!("{}, comment {}: {}", trigger.pull, trigger.comment, next.kind().name());
        let needs_build_task = matches!(next, State::Authorised { .. } | State::Cancelling);
        bridge.ledger.advance(trigger, next, bridge.clock.now())?;
        if needs_build_task {
            bridge.wakers.build.notify_one();
        }
        bridge.wakers.report.notify_one();
        Ok(())
    }

    /// Makes triggers undecided again that joined one which is taken back: each asks for a build of its own now. This is
    /// recorded first, so that a crash in between leaves all of them undecided.
    fn leave_joined(&self, trigger: &Trigger) -> Result<(), ledger::Error> {
        let (ledger, now) = (&self.bridge.ledger, self.bridge.clock.now());
        for joined in ledger.of_pull(&trigger.pull, trigger::LOOK_BACK)? {
            if matches!(joined.state, State::Joined { joined_trigger } if joined_trigger == trigger.comment) {
                ledger.advance(&joined, trigger.state.clone(), now)?;
            }
        }
        Ok(())
    }

    /// Records the problem of a trigger, or gives the trigger up. Returns the time to wait and the time that Gitea asked for.
    fn not_decided(
        &mut self,
        trigger: &Trigger,
        undecided: &Undecided,
    ) -> Result<(Duration, Option<Duration>), ledger::Error> {
        let bridge = self.bridge;
        let (reason, asked) = match undecided {
            Undecided::Stop(Stop::Gitea(error)) => (one_line(error), error.wait()),
            other => (chain(other), None),
        };
        let problem = undecided.problem();
        self.held_up.failed(
            trigger.comment,
            problem,
            &format!("{}, comment {}: {reason}", trigger.pull, trigger.comment),
        );
        let retries = self.waiting.entry(trigger.comment).or_insert(RETRIES);
        let pause = retries.failed(asked);
        if rules::is_given_up(trigger, bridge.clock.now(), &bridge.settings, retries.failures()) {
            tracing::warn!("{}, comment {}: given up: {reason}", trigger.pull, trigger.comment);
            bridge.ledger.advance(trigger, rules::given_up(trigger, problem.into()), bridge.clock.now())?;
            bridge.wakers.report.notify_one();
            self.waiting.remove(&trigger.comment);
            self.held_up.succeeded(&trigger.comment);
        } else if trigger.problem != Some(problem.into()) {
            bridge.ledger.set_problem(trigger.comment, Some(problem.into()))?;
            bridge.wakers.report.notify_one();
        }
        Ok((pause, asked))
    }
}

#[cfg(test)]
mod tests;
