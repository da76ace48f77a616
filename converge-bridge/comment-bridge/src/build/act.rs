//! The steps for one trigger, each recorded in the ledger.

use std::time::Duration;

use base::commit::is_commit;
use base::error::chain;
use http::{Error, drone};

use super::attempts::Attempts;
use super::decision::{self, Follow, OpenBuild, Then, Times};
use super::fault;
use super::snapshot::{ATTEMPT, Snapshot};
use crate::problem::{DroneProblem, Problem};
use crate::stop::{Stop, had_no_effect};
use crate::trigger::{self, Order, Outcome, State, Trigger};
use crate::{Bridge, ledger};

/// The context of one round.
#[derive(Debug)]
pub struct Act<'a> {
    pub bridge: &'a Bridge,
    pub attempts: &'a mut Attempts,
    pub snapshot: Snapshot,
    pub times: Times,
}

impl Act<'_> {
    /// Takes an existing build as the trigger's, and follows it.
    pub async fn adopt(&mut self, trigger: &Trigger, build: &drone::Build, is_cancelled: bool) -> Result<(), Stop> {
        let Some(order) = trigger.state.order() else { return Ok(()) };
        let after = build.created.saturating_sub(trigger.created.as_second());
        let (order, is_second) = (order_of(build, order), order.repeats.is_some());
        let state = State::Building { order, build: decision::record(build, &self.snapshot) };
        if let Some(trigger) = self.advance(trigger, state)? {
            if !is_second {
                self.bridge.metrics.built(Duration::from_secs(u64::try_from(after).unwrap_or_default()));
            }
            self.attempts.succeeded(trigger.comment);
            self.follow(&trigger, is_cancelled).await?;
        }
        Ok(())
    }

    /// Makes the build of a trigger. Returns the problem if that fails.
    pub async fn create(&mut self, trigger: &Trigger) -> Result<Option<DroneProblem>, Stop> {
        let State::Authorised { order, authorised_at, .. } = &trigger.state else { return Ok(None) };
        if self.was_cancelled(trigger)? {
            self.advance(trigger, State::Cancelled { order: Some(order.clone()) })?;
            return Ok(None);
        }
        self.bridge.check_running()?;
        let requested_at = Some(self.bridge.clock.now());
        let intent = State::Authorised { order: order.clone(), authorised_at: *authorised_at, requested_at };
        // The change of state drops the problem; it stands until this attempt has succeeded.
        let standing = trigger.problem;
        let Some(trigger) = self.advance(trigger, intent)? else { return Ok(None) };
        if standing.is_some() {
            self.bridge.ledger.set_problem(trigger.comment, standing)?;
        }
        let before = self.attempts.requested(trigger.comment);
        let parameters = parameters(&trigger, order);
        let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let made = self.bridge.drone.create(self.bridge.settings.branch.as_deref(), &parameters).await;
        let problem = match made {
            // A build without parameters has a broken pipeline, but is the bridge's.
            Ok(Some(build)) if build.trigger().is_none_or(|comment| comment == trigger.comment) => {
                self.bridge.health.resolve(BUILDS);
                let state = State::Building { order: order.clone(), build: decision::record(&build, &self.snapshot) };
                self.snapshot.add(build);
                self.attempts.outcome_known(trigger.comment, before);
                self.attempts.succeeded(trigger.comment);
                if self.advance(&trigger, state)?.is_some() && order.repeats.is_none() {
                    let after = self.bridge.clock.now().duration_since(trigger.created);
                    self.bridge.metrics.built(after.try_into().unwrap_or_default());
                }
                return Ok(None);
            }
            Ok(Some(_)) => self.raised(DroneProblem::Odd),
            Ok(None) => {
                self.attempts.outcome_known(trigger.comment, before);
                self.raised(DroneProblem::NoPipeline)
            }
            Err(error) => {
                if had_no_effect(&error) {
                    self.attempts.outcome_known(trigger.comment, before);
                } else {
                    // The request may have been in flight until now.
                    self.attempts.requested(trigger.comment);
                }
                self.bridge.health.raise(BUILDS, &chain(&error));
                DroneProblem::from(&error)
            }
        };
        self.attempts.failed(trigger.comment);
        self.set_problem(&trigger, problem)?;
        Ok(Some(problem))
    }

    fn raised(&self, problem: DroneProblem) -> DroneProblem {
        self.bridge.health.raise(BUILDS, &problem.to_string());
        problem
    }

    /// Follows the build of a trigger.
    pub async fn follow(&mut self, trigger: &Trigger, is_cancelled: bool) -> Result<(), Stop> {
        let State::Building { order, build: known } = &trigger.state else { return Ok(()) };
        let alone = if self.snapshot.number(known.number).is_some() {
            None
        } else {
            match self.bridge.interruptible(self.bridge.drone.build(known.number)).await? {
                Ok(alone) => alone,
                Err(error) => return self.failed(trigger, &error),
            }
        };
        let (comment, changed) = (trigger.comment, trigger.changed);
        let is_given_up = self.attempts.is_given_up(comment);
        let is_second = order.repeats.is_some();
        let open = OpenBuild { comment, known, changed, is_cancelled, is_given_up, is_second };
        let Follow { twins, then, is_overdue } = decision::follow(open, &self.snapshot, alone.as_ref(), self.times);
        self.attempts.set_overdue(comment, is_overdue);
        for twin in twins {
            tracing::info!(trigger = trigger.comment, build = known.number, twin, "cancelling a twin");
            if !self.cancel(trigger, twin).await? {
                return Ok(());
            }
        }
        let order = order.clone();
        match then {
            Then::Unprovable => self.set_problem(trigger, DroneProblem::Unprovable),
            Then::Continue(build) if decision::is_worth_recording(known, &build) => {
                self.advance(trigger, State::Building { order, build }).map(drop)
            }
            Then::Continue(_) => self.clear_problem(trigger),
            Then::Cancel => self.cancel_and_check(trigger).await,
            Then::Abandon(build, outcome @ Outcome::Cancelled) => {
                if self.cancel(trigger, build.number).await? {
                    self.end(trigger, State::Ended { order, build, outcome })?;
                }
                Ok(())
            }
            Then::Abandon(build, outcome) => self.abandon(trigger, State::Ended { order, build, outcome }).await,
            Then::End(build, outcome) => {
                let end = State::Ended { order, build, outcome };
                self.end_or_repeat(trigger, end, is_cancelled).await.map(drop)
            }
        }
    }

    /// Cancels the build of a trigger, and checks that it ended.
    async fn cancel_and_check(&mut self, trigger: &Trigger) -> Result<(), Stop> {
        let State::Building { order, build: known } = &trigger.state else { return Ok(()) };
        if !self.attempts.is_due(trigger.comment) || !self.cancel(trigger, known.number).await? {
            return Ok(());
        }
        let build = match self.bridge.interruptible(self.bridge.drone.build(known.number)).await? {
            Ok(Some(build)) => build,
            // A later round finds out if the build is gone.
            Ok(None) => return Ok(()),
            Err(error) => return self.failed(trigger, &error),
        };
        let Some(outcome) = decision::outcome(build.status) else {
            // A later round asks again.
            self.attempts.failed(trigger.comment);
            return Ok(());
        };
        let build = decision::record(&build, &self.snapshot);
        self.end(trigger, State::Ended { order: order.clone(), build, outcome }).map(drop)
    }

    /// Records the end of a build whose end Drone does not tell, and then cancels it if Drone can. In the other order, the
    /// build of a crash in between would count as cancelled by a maintainer.
    async fn abandon(&mut self, trigger: &Trigger, end: State) -> Result<(), Stop> {
        let Some(number) = end.build().map(|build| build.number) else { return Ok(()) };
        if !self.end_or_repeat(trigger, end, false).await? {
            return Ok(());
        }
        self.bridge.check_running()?;
        if let Err(error) = self.bridge.drone.cancel(number).await {
            tracing::warn!(build = number, "an overdue build is not cancelled: {}", chain(&error));
        }
        Ok(())
    }

    /// Records the end of a build. A first run that the server ended is run once more instead, unless it is cancelled.
    /// Returns false if nothing is recorded yet.
    async fn end_or_repeat(&mut self, trigger: &Trigger, end: State, is_cancelled: bool) -> Result<bool, Stop> {
        let State::Ended { order, build, outcome } = &end else { return Ok(false) };
        if is_cancelled || order.repeats.is_some() {
            return self.end(trigger, end);
        }
        let stages = if *outcome == Outcome::Error {
            match self.bridge.interruptible(self.bridge.drone.stages(build.number)).await? {
                Ok(stages) => stages.unwrap_or_default(),
                Err(error) => return self.failed(trigger, &error).map(|()| false),
            }
        } else {
            Vec::new()
        };
        let results = self.bridge.results(&trigger.pull, order, build.number);
        if !fault::was_ended_by_server(*outcome, &stages, results.as_ref()) {
            return self.end(trigger, end);
        }
        let again = State::unauthorised(&Order { repeats: Some(build.number), ..order.clone() });
        if !self.end(trigger, again)? {
            return Ok(false);
        }
        tracing::warn!(build = build.number, "{}: the server ended the run, which is run once more", trigger.pull);
        self.bridge.wakers.decide.notify_one();
        Ok(true)
    }

    /// Asks Drone to cancel a build. Returns false if the call failed.
    async fn cancel(&mut self, trigger: &Trigger, number: i64) -> Result<bool, Stop> {
        self.bridge.check_running()?;
        match self.bridge.drone.cancel(number).await {
            Ok(_) => Ok(true),
            Err(error) => self.failed(trigger, &error).map(|()| false),
        }
    }

    /// Records the end of a build, once no twin can appear any more. Returns false if nothing is recorded yet.
    fn end(&mut self, trigger: &Trigger, state: State) -> Result<bool, Stop> {
        if !self.attempts.may_forget(trigger.comment) {
            return Ok(false);
        }
        let is_recorded = self.advance(trigger, state)?.is_some();
        if is_recorded {
            self.attempts.succeeded(trigger.comment);
        }
        Ok(is_recorded)
    }

    /// True if a later comment cancels this one, by the ledger of now: an answer of Drone may have taken long.
    fn was_cancelled(&self, trigger: &Trigger) -> Result<bool, Stop> {
        let newest = self.bridge.ledger.of_pull(&trigger.pull, trigger::LOOK_BACK)?;
        Ok(trigger.is_cancelled_by(&newest))
    }

    /// Moves the trigger to its next state. Returns `None` if another task changed it: the next round looks again.
    pub fn advance(&mut self, trigger: &Trigger, next: State) -> Result<Option<Trigger>, Stop> {
        match self.bridge.ledger.advance(trigger, next, self.bridge.clock.now()) {
            Ok(next) => {
                let (kind, build) = (next.state.kind(), next.state.build().map(|build| build.number));
                if kind != trigger.state.kind() {
                    tracing::info!(comment = next.comment, build, "{}: {}", next.pull, kind.name());
                }
                self.bridge.wakers.report.notify_one();
                Ok(Some(next))
            }
            Err(error @ (ledger::Error::Changed { .. } | ledger::Error::Transition { .. })) => {
                tracing::warn!("{}", chain(&error));
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Records a failed call for a trigger.
    fn failed(&mut self, trigger: &Trigger, error: &Error) -> Result<(), Stop> {
        tracing::warn!(trigger = trigger.comment, "{}", chain(error));
        self.attempts.failed(trigger.comment);
        self.set_problem(trigger, DroneProblem::from(error))
    }

    /// Records a problem of a trigger.
    pub fn set_problem(&self, trigger: &Trigger, problem: DroneProblem) -> Result<(), Stop> {
        let problem = Problem::from(problem);
        if trigger.problem != Some(problem) {
            self.bridge.ledger.set_problem(trigger.comment, Some(problem))?;
            self.bridge.wakers.report.notify_one();
        }
        Ok(())
    }

    /// Removes the problem of a trigger.
    pub fn clear_problem(&self, trigger: &Trigger) -> Result<(), Stop> {
        if trigger.problem.is_some() {
            self.bridge.ledger.set_problem(trigger.comment, None)?;
            self.bridge.wakers.report.notify_one();
        }
        Ok(())
    }
}

/// The key of problems with new builds in the status.
pub const BUILDS: &str = "builds";

/// The parameters of a build.
fn parameters(trigger: &Trigger, order: &Order) -> Vec<(&'static str, String)> {
    let (stages, quick) = if order.quick { ("install,custom", "1") } else { (STAGES, "0") };
    let mut parameters = vec![
        ("RECIPE", trigger.pull.repository.name().to_owned()),
        ("REF", order.head.clone()),
        ("PR", trigger.pull.number.to_string()),
        // The head of a fork's pull request is in the repository itself, under refs/pull.
        ("SRC", trigger.pull.repository.to_string()),
        ("STAGES", stages.to_owned()),
        ("CCCI_QUICK", quick.to_owned()),
        ("TRIGGER", trigger.comment.to_string()),
    ];
    parameters.extend(order.repeats.map(|_| (ATTEMPT.0, ATTEMPT.1.to_owned())));
    parameters
}

const STAGES: &str = "install,upgrade,backup,restore,custom";

/// The order that a found build was made for. Its commit differs if the ledger is older than the build.
fn order_of(build: &drone::Build, order: &Order) -> Order {
    let param = |name: &str| build.params.get(name);
    Order {
        head: param("REF").filter(|head| is_commit(head)).unwrap_or(&order.head).clone(),
        quick: param("CCCI_QUICK").map_or(order.quick, |quick| quick == "1"),
        repeats: order.repeats,
    }
}
