//! What is done about a trigger, and written down.

use std::time::Duration;

use base::error::chain;

use super::Halt;
use super::decision::{self, Follow, Then, Times};
use super::patience::Patience;
use super::round::until_the_end;
use super::snapshot::Snapshot;
use super::trouble::Trouble;
use crate::trigger::{Command, Order, State, StateKind, Trigger};
use crate::{Bridge, ledger};
use http::drone;

/// How many of a pull request's triggers are looked at for one that cancels.
const NEWEST: usize = 100;

/// What a round acts with.
#[derive(Debug)]
pub struct Act<'a> {
    pub bridge: &'a Bridge,
    pub patience: &'a mut Patience,
    pub snapshot: Snapshot,
    pub times: Times,
}

impl Act<'_> {
    /// Takes a build that is there for the trigger's, and goes on with it.
    pub async fn adopt(&mut self, trigger: &Trigger, build: &drone::Build, cancelled: bool) -> Result<(), Halt> {
        let Some(order) = trigger.state.order() else { return Ok(()) };
        let after = build.created.saturating_sub(trigger.created.as_second());
        let order = order_of(build, order);
        let state = State::Building { order, build: decision::seen(build, &self.snapshot) };
        if let Some(trigger) = self.advance(trigger, state)? {
            self.bridge.metrics.built(Duration::from_secs(u64::try_from(after).unwrap_or_default()));
            self.patience.succeeded(trigger.comment);
            self.follow(&trigger, cancelled).await?;
        }
        Ok(())
    }

    /// Makes the build of a trigger. What stood in the way, when something did.
    pub async fn create(&mut self, trigger: &Trigger) -> Result<Option<Trouble>, Halt> {
        let State::Authorised { order, authorised_at, .. } = &trigger.state else { return Ok(None) };
        if self.was_cancelled(trigger)? {
            self.advance(trigger, State::Cancelled { order: Some(order.clone()) })?;
            return Ok(None);
        }
        self.go_on()?;
        let requested_at = Some(self.bridge.clock.now());
        let intent = State::Authorised { order: order.clone(), authorised_at: *authorised_at, requested_at };
        // What stood in the way does, until this attempt shows otherwise.
        let standing = trigger.problem.clone();
        let Some(trigger) = self.advance(trigger, intent)? else { return Ok(None) };
        if let Some(trouble) = &standing {
            self.bridge.ledger.set_problem(trigger.comment, Some(trouble)).map_err(Halt::Ledger)?;
        }
        let before = self.patience.asked(trigger.comment);
        let parameters = parameters(&trigger, order);
        let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let made = self.bridge.drone.create(self.bridge.settings.branch.as_deref(), &parameters).await;
        let trouble = match made {
            // One without its parameters is broken, but ours.
            Ok(Some(build)) if build.trigger().is_none_or(|comment| comment == trigger.comment) => {
                self.bridge.health.resolve("builds");
                let order = order.clone();
                let state = State::Building { order, build: decision::seen(&build, &self.snapshot) };
                self.snapshot.add(build);
                self.patience.is_clear(trigger.comment, before);
                self.patience.succeeded(trigger.comment);
                if self.advance(&trigger, state)?.is_some() {
                    let after = self.bridge.clock.now().duration_since(trigger.created);
                    self.bridge.metrics.built(after.try_into().unwrap_or_default());
                }
                return Ok(None);
            }
            Ok(Some(_)) => Trouble::Odd,
            Ok(None) => {
                self.patience.is_clear(trigger.comment, before);
                Trouble::Unwanted
            }
            Err(error) => {
                if Trouble::is_certain(&error) {
                    self.patience.is_clear(trigger.comment, before);
                } else {
                    // It may have been under way until now.
                    self.patience.asked(trigger.comment);
                }
                self.bridge.health.raise("builds", &chain(&error));
                Trouble::from(&error)
            }
        };
        if matches!(trouble, Trouble::Odd | Trouble::Unwanted) {
            self.bridge.health.raise("builds", &trouble.to_string());
        }
        self.patience.put_off(trigger.comment);
        self.trouble(&trigger, trouble)?;
        Ok(Some(trouble))
    }

    /// Follows the build of a trigger.
    pub async fn follow(&mut self, trigger: &Trigger, cancelled: bool) -> Result<(), Halt> {
        let State::Building { order, build: known } = &trigger.state else { return Ok(()) };
        let alone = if self.snapshot.number(known.number).is_some() {
            None
        } else {
            match until_the_end(self.bridge, self.bridge.drone.build(known.number)).await? {
                Ok(alone) => alone,
                Err(error) => return self.failed(trigger, &error),
            }
        };
        let Follow { twins, then } =
            decision::follow(trigger.comment, known, cancelled, &self.snapshot, alone.as_ref(), self.times);
        for twin in twins {
            tracing::info!(trigger = trigger.comment, build = known.number, twin, "cancelling a twin");
            if !self.cancel(trigger, twin).await? {
                return Ok(());
            }
        }
        let order = order.clone();
        match then {
            Then::Unprovable => self.trouble(trigger, Trouble::Unprovable),
            Then::Goes(build) if decision::is_news(known, &build) => {
                self.advance(trigger, State::Building { order, build }).map(drop)
            }
            Then::Goes(_) => self.fine(trigger),
            Then::Cancel => self.stop(trigger).await,
            Then::Abandon(build, outcome) => {
                if self.cancel(trigger, build.number).await? {
                    self.end(trigger, State::Ended { order, build, outcome })?;
                }
                Ok(())
            }
            Then::End(build, outcome) => self.end(trigger, State::Ended { order, build, outcome }),
        }
    }

    /// Cancels the build of a trigger, and looks whether it took.
    async fn stop(&mut self, trigger: &Trigger) -> Result<(), Halt> {
        let State::Building { order, build: known } = &trigger.state else { return Ok(()) };
        if !self.patience.is_due(trigger.comment) || !self.cancel(trigger, known.number).await? {
            return Ok(());
        }
        let build = match until_the_end(self.bridge, self.bridge.drone.build(known.number)).await? {
            Ok(Some(build)) => build,
            // A later round finds out whether it is gone.
            Ok(None) => return Ok(()),
            Err(error) => return self.failed(trigger, &error),
        };
        let Some(outcome) = decision::outcome(build.status) else {
            // Asked again by a later round.
            self.patience.put_off(trigger.comment);
            return Ok(());
        };
        let build = decision::seen(&build, &self.snapshot);
        self.end(trigger, State::Ended { order: order.clone(), build, outcome })
    }

    /// Asks Drone to cancel a build. False when it could not be asked.
    async fn cancel(&mut self, trigger: &Trigger, number: i64) -> Result<bool, Halt> {
        self.go_on()?;
        match self.bridge.drone.cancel(number).await {
            Ok(_) => Ok(true),
            Err(error) => self.failed(trigger, &error).map(|()| false),
        }
    }

    /// The build of a trigger is over. It is not let go of while a twin may come.
    fn end(&mut self, trigger: &Trigger, state: State) -> Result<(), Halt> {
        if !self.patience.is_quiet(trigger.comment) {
            return Ok(());
        }
        if self.advance(trigger, state)?.is_some() {
            self.patience.succeeded(trigger.comment);
        }
        Ok(())
    }

    /// Whether a later comment cancels this one, as the ledger has it now: an answer of Drone may have taken long.
    fn was_cancelled(&self, trigger: &Trigger) -> Result<bool, Halt> {
        let newest = self.bridge.ledger.of_pull(&trigger.pull, NEWEST).map_err(Halt::Ledger)?;
        Ok(newest.iter().any(|other| {
            other.comment > trigger.comment
                && other.command == Command::Cancel
                && matches!(other.state.kind(), StateKind::Cancelling | StateKind::Answered)
        }))
    }

    /// The trigger in its next state. `None` when it is not any more what it was thought to be: the next round sees.
    pub fn advance(&mut self, trigger: &Trigger, next: State) -> Result<Option<Trigger>, Halt> {
        match self.bridge.ledger.advance(trigger, next, self.bridge.clock.now()) {
            Ok(next) => {
                let (kind, build) = (next.state.kind(), next.state.build().map(|build| build.number));
                if kind != trigger.state.kind() {
                    tracing::info!(comment = next.comment, build, "{}: {}", next.pull, kind.name());
                }
                self.bridge.bells.say.notify_one();
                Ok(Some(next))
            }
            Err(error @ (ledger::Error::Changed { .. } | ledger::Error::Transition { .. })) => {
                tracing::warn!("{}", chain(&error));
                Ok(None)
            }
            Err(error) => Err(Halt::Ledger(error)),
        }
    }

    /// A call for a trigger failed.
    fn failed(&mut self, trigger: &Trigger, error: &http::Error) -> Result<(), Halt> {
        tracing::warn!(trigger = trigger.comment, "{}", chain(error));
        self.patience.put_off(trigger.comment);
        self.trouble(trigger, Trouble::from(error))
    }

    /// Something stands in the way of a trigger.
    pub fn trouble(&self, trigger: &Trigger, trouble: Trouble) -> Result<(), Halt> {
        let text = trouble.to_string();
        if trigger.problem.as_ref() != Some(&text) {
            self.bridge.ledger.set_problem(trigger.comment, Some(&text)).map_err(Halt::Ledger)?;
            self.bridge.bells.say.notify_one();
        }
        Ok(())
    }

    /// Nothing stands in the way of a trigger any more.
    pub fn fine(&self, trigger: &Trigger) -> Result<(), Halt> {
        if trigger.problem.is_some() {
            self.bridge.ledger.set_problem(trigger.comment, None).map_err(Halt::Ledger)?;
            self.bridge.bells.say.notify_one();
        }
        Ok(())
    }

    /// No call that changes something is begun once the bridge is to end.
    fn go_on(&self) -> Result<(), Halt> {
        if self.bridge.is_stopping() { Err(Halt::Stopping) } else { Ok(()) }
    }
}

/// What a build is made with.
fn parameters(trigger: &Trigger, order: &Order) -> [(&'static str, String); 7] {
    let (stages, quick) = if order.quick { ("install,custom", "1") } else { (STAGES, "0") };
    [
        ("RECIPE", trigger.pull.repository.name().to_owned()),
        ("REF", order.head.clone()),
        ("PR", trigger.pull.number.to_string()),
        // The head of a fork's pull request is in the repository itself, under refs/pull.
        ("SRC", trigger.pull.repository.to_string()),
        ("STAGES", stages.to_owned()),
        ("CCCI_QUICK", quick.to_owned()),
        ("TRIGGER", trigger.comment.to_string()),
    ]
}

const STAGES: &str = "install,upgrade,backup,restore,custom";

/// What a build that was found was made of: it may be of another commit, when the ledger is older than the build.
fn order_of(build: &drone::Build, order: &Order) -> Order {
    let param = |name: &str| build.params.get(name);
    let is_commit = |head: &&String| head.len() >= 40 && head.chars().all(|c| c.is_ascii_hexdigit());
    Order {
        head: param("REF").filter(is_commit).unwrap_or(&order.head).clone(),
        quick: param("CCCI_QUICK").map_or(order.quick, |quick| quick == "1"),
    }
}
