//! Looks at each comment again, asks whether its author may, and resolves the head commit.
//!
//! Of each pull request only the first undecided comment is looked at; one that waits for its next try keeps no other pull
//! request waiting. Nothing is allowed but by Gitea's own yes or the allow list; what is not known is asked again.

mod ask;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base::error::chain;

use tokio::time::Instant;

use super::Bridge;
use super::bridge::LEDGER;
use super::ledger;
use super::trigger::{State, StateKind, Trigger};
use crate::patience::Patience;
use base::error::one_line;

/// The longest time between two looks into the ledger.
const LOOK: Duration = Duration::from_secs(5);
/// How many tries in a row may find no Gitea before the others are let wait, too.
const IN_A_ROW: usize = 2;

/// Works until the bridge is to end.
pub async fn run(bridge: &Arc<Bridge>) {
    let mut desk = Desk { bridge, patience: Patience::default(), unwritten: false, waiting: BTreeMap::new() };
    loop {
        let pause = desk.look().await;
        if !bridge.wait(Some(&bridge.bells.decide), pause).await {
            return;
        }
    }
}

/// Why a trigger cannot be decided at present.
#[derive(Debug, thiserror::Error)]
enum Obstacle {
    #[error(transparent)]
    Gitea(#[from] http::Error),
    #[error("the ledger")]
    Ledger(#[from] ledger::Error),
    #[error(
        "the bot `{bot}` is no member of the organisation `{owner}`, so Gitea does not tell it who is; add it there"
    )]
    Hidden { bot: String, owner: String },
    #[error("neither the comment nor its pull request can be seen; check that the bot may still read the repository")]
    Unseen,
    #[error("it is to end")]
    Stopping,
}

impl Obstacle {
    /// Whether Gitea itself is in the way, not something of one trigger.
    fn is_of_the_server(&self) -> bool {
        matches!(self, Self::Gitea(error) if error.is_unavailable())
    }
}

#[derive(Debug)]
struct Desk<'a> {
    bridge: &'a Bridge,
    /// With Gitea, or the ledger, as a whole.
    patience: Patience,
    /// Whether the ledger could not be used.
    unwritten: bool,
    /// With each trigger that could not be decided.
    waiting: BTreeMap<i64, Patience>,
}

impl Desk<'_> {
    /// Decides what can be decided now; says how long to rest.
    async fn look(&mut self) -> Duration {
        // A bell is no reason to ask a server that wants to be left alone.
        if let Some(until) = self.patience.until() {
            return until.saturating_duration_since(Instant::now());
        }
        if self.unwritten {
            if let Err(error) = self.bridge.ledger.check() {
                return self.ledger_failed(&error);
            }
            self.unwritten = false;
            self.bridge.health.resolve(LEDGER);
        }
        let seen = match self.bridge.ledger.of_kinds(&[StateKind::Seen]) {
            Ok(seen) => seen,
            Err(error) => return self.ledger_failed(&error),
        };
        self.waiting.retain(|comment, _| seen.iter().any(|trigger| trigger.comment == *comment));
        let (mut pulls, mut in_a_row) = (BTreeSet::new(), 0);
        let mut next = LOOK;
        for trigger in &seen {
            // A later one of the same pull request waits for it.
            if !pulls.insert(&trigger.pull) {
                continue;
            }
            if let Some(until) = self.waiting.get(&trigger.comment).and_then(Patience::until) {
                next = next.min(until.saturating_duration_since(Instant::now()));
                continue;
            }
            match self.decide(trigger).await {
                Ok(()) => {
                    in_a_row = 0;
                    self.waiting.remove(&trigger.comment);
                    self.patience = Patience::default();
                    // There may be another one on the same pull request.
                    next = Duration::ZERO;
                }
                Err(Obstacle::Stopping) => return Duration::ZERO,
                Err(Obstacle::Ledger(ledger::Error::Transition { .. })) => next = Duration::ZERO,
                Err(Obstacle::Ledger(error)) => return self.ledger_failed(&error),
                Err(obstacle) => {
                    let (pause, asked) = match self.not_decided(trigger, &obstacle) {
                        Ok(told) => told,
                        Err(error) => return self.ledger_failed(&error),
                    };
                    next = next.min(pause);
                    in_a_row = if obstacle.is_of_the_server() { in_a_row + 1 } else { 0 };
                    if asked.is_some() || in_a_row >= IN_A_ROW {
                        let pause = self.patience.failed(asked);
                        if asked.is_some() {
                            self.bridge.metrics.waited(pause);
                        }
                        return pause;
                    }
                }
            }
        }
        next
    }

    async fn decide(&self, trigger: &Trigger) -> Result<(), Obstacle> {
        let bridge = self.bridge;
        let next = ask::next(bridge, trigger).await?;
        let next = match rules::taken_back(trigger, &next) {
            Some(cancelled) => {
                self.leave_joined(trigger)?;
                cancelled
            }
            None => next,
        };
        tracing::info!("{}, comment {}: {}", trigger.pull, trigger.comment, next.kind().name());
        let builds = matches!(next, State::Authorised { .. } | State::Cancelling);
        bridge.ledger.advance(trigger, next, bridge.clock.now())?;
        if builds {
            bridge.bells.build.notify_one();
        }
        bridge.bells.say.notify_one();
        Ok(())
    }

    /// Whoever joined a trigger that was taken back asks for a build of their own. Before that is written down: whoever
    /// starts after a crash finds all of them undecided.
    fn leave_joined(&self, trigger: &Trigger) -> Result<(), ledger::Error> {
        let (ledger, now) = (&self.bridge.ledger, self.bridge.clock.now());
        for joined in ledger.of_pull(&trigger.pull, rules::NEWEST)? {
            if matches!(joined.state, State::Joined { joined_trigger } if joined_trigger == trigger.comment) {
                ledger.advance(&joined, trigger.state.clone(), now)?;
            }
        }
        Ok(())
    }

    /// Writes down what stands in the way, or that it stood there for too long. Says when to try again.
    fn not_decided(
        &mut self,
        trigger: &Trigger,
        obstacle: &Obstacle,
    ) -> Result<(Duration, Option<Duration>), ledger::Error> {
        let bridge = self.bridge;
        let (why, asked) = match obstacle {
            Obstacle::Gitea(error) => (one_line(error), error.wait()),
            obstacle => (chain(obstacle), None),
        };
        let patience = self.waiting.entry(trigger.comment).or_default();
        let pause = patience.failed(asked);
        if rules::is_given_up(trigger, bridge.clock.now(), &bridge.settings, patience.failures()) {
            tracing::warn!("{}, comment {}: given up: {why}", trigger.pull, trigger.comment);
            bridge.ledger.advance(trigger, rules::given_up(trigger, why), bridge.clock.now())?;
            bridge.bells.say.notify_one();
            self.waiting.remove(&trigger.comment);
        } else if trigger.problem.as_deref() != Some(&why) {
            bridge.ledger.set_problem(trigger.comment, Some(&why))?;
        }
        Ok((pause, asked))
    }

    fn ledger_failed(&mut self, error: &ledger::Error) -> Duration {
        self.unwritten = true;
        self.bridge.health.raise(LEDGER, &chain(error));
        self.patience.failed(None)
    }
}

#[cfg(test)]
mod tests;
