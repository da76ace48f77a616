//! Keeps the one comment of each pull request up to date, and the statuses of its commits.
//!
//! The ledger marks a pull request as dirty when its comment may be out of date. Each is reported as one piece of work
//! ([`pull`]), a few at a time, so that the problem of one delays no other. Everything is made from the ledger and from the
//! results of the runs, so the work is idempotent: a restart does it again with the same text.

mod comment;
mod commits;
mod problem;
mod published;
mod pull;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base::backoff::Retries;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::held_up::HeldUp;
use super::metrics::Task;
use super::problem::GiteaProblem;
use super::stop::{self, LedgerRetry, REPORT_LEDGER_SUBJECT, RETRIES, SEVERAL, Stop};
use super::trigger::{Progress, State, StateKind};
use super::{Bridge, ledger};
use base::error::one_line;
use http::names::Pull;
use state::Reported;
use state::{PublishState, Revision};

/// The interval at which results of running builds are read.
const LOOK: Duration = Duration::from_secs(10);
/// The interval at which the ledger is read, in case a wake-up was missed.
const IDLE: Duration = Duration::from_mins(1);
/// The number of pull requests in flight.
const IN_FLIGHT: usize = 4;

/// The subject of Gitea's problems in the health report.
const GITEA: &str = "report";

/// Works until the shutdown; what is in flight then is finished and recorded.
pub async fn run(bridge: &Arc<Bridge>) {
    let mut reporter = Reporter::new(bridge);
    let mut in_flight = FuturesUnordered::new();
    loop {
        let pause = reporter.choose(&in_flight);
        for (pull, revision, state) in reporter.chosen.drain(..) {
            in_flight.push(report(bridge, pull, revision, state));
        }
        tokio::select! {
            biased;
            Some(finished) = in_flight.next(), if !in_flight.is_empty() => reporter.finished(finished),
            goes_on = bridge.wait(Some(&bridge.wakers.report), pause) => if !goes_on { break },
        }
    }
    while in_flight.next().await.is_some() {}
}

/// The result of one piece of work.
struct Finished {
    pull: Pull,
    revision: Revision,
    state: PublishState,
    result: Result<Reported, Stop>,
}

type InFlight<'a> = BoxFuture<'a, Finished>;

fn report(bridge: &Bridge, pull: Pull, revision: Revision, mut state: PublishState) -> InFlight<'_> {
    Box::pin(async move {
        let result = pull::report(bridge, &pull, revision, &mut state).await;
        Finished { pull, revision, state, result }
    })
}

/// Chooses which pull requests are reported, and when. Kept in memory only.
struct Reporter<'a> {
    bridge: &'a Bridge,
    /// Failures of Gitea as a whole.
    gitea: Retries,
    /// The pull requests that found Gitea down since its last answer.
    failing: BTreeSet<Pull>,
    /// The pull requests that Gitea refuses, for the health report.
    held_up: HeldUp<'a, Pull>,
    ledger: LedgerRetry,
    /// The state of each pull request that was reported lately.
    states: BTreeMap<Pull, PublishState>,
    /// The pull requests in flight.
    in_flight: BTreeSet<Pull>,
    /// The pull requests to begin with now.
    chosen: Vec<(Pull, Revision, PublishState)>,
    /// The time at which results of running builds were last read.
    looked: Option<Instant>,
}

/// A pull request that may be reported now, and since when.
type Ready = (Pull, Revision, Option<Instant>);

impl<'a> Reporter<'a> {
    fn new(bridge: &'a Bridge) -> Self {
        Self {
            bridge,
            gitea: RETRIES,
            failing: BTreeSet::new(),
            held_up: HeldUp::new(bridge, Task::Report, GITEA),
            ledger: LedgerRetry::new(REPORT_LEDGER_SUBJECT),
            states: BTreeMap::new(),
            in_flight: BTreeSet::new(),
            chosen: Vec::new(),
            looked: None,
        }
    }

    /// Chooses the pull requests to report now, and returns the time until the next choice.
    fn choose(&mut self, in_flight: &FuturesUnordered<InFlight<'_>>) -> Duration {
        let now = Instant::now();
        if let Some(until) = self.gitea.next_attempt().or(self.ledger.next_attempt()) {
            return until.saturating_duration_since(now);
        }
        let (mut ready, later) = match self.ready(now) {
            Ok(ready) => ready,
            Err(error) => return self.ledger.failed(&self.bridge.health, &error),
        };
        // After a failure, one is enough to find out if Gitea is back: the one that has waited longest.
        let most = if self.gitea.is_failing() { 1 } else { IN_FLIGHT };
        ready.sort_by_key(|(_, _, since)| *since);
        for (pull, revision, _) in ready.into_iter().take(most.saturating_sub(in_flight.len())) {
            let state = self.states.remove(&pull).unwrap_or_default();
            self.in_flight.insert(pull.clone());
            self.chosen.push((pull, revision, state));
        }
        later.map_or(IDLE, |later| later.saturating_duration_since(now)).min(IDLE)
    }

    /// Returns the pull requests that may be reported now, and the time of the next look.
    fn ready(&mut self, now: Instant) -> Result<(Vec<Ready>, Option<Instant>), ledger::Error> {
        let dirty = self.bridge.ledger.dirty_pulls()?;
        let building = self.bridge.ledger.of_kinds(&[StateKind::Building])?;
        let mut due: Vec<_> = dirty.into_iter().map(|(pull, revision)| (pull, Some(revision))).collect();
        let mut later = None;
        let mut not_before = |time: Instant| later = Some(later.map_or(time, |later: Instant| later.min(time)));
        let runs = |state: &State| state.build().is_some_and(|build| build.progress == Progress::Running);
        let running: BTreeSet<Pull> = building.into_iter().filter(|run| runs(&run.state)).map(|run| run.pull).collect();
        if running.is_empty() {
            self.looked = None;
        } else {
            let next = self.looked.map_or(now, |looked| looked + LOOK);
            if next <= now {
                let known: BTreeSet<Pull> = due.iter().map(|(pull, _)| pull.clone()).collect();
                due.extend(running.into_iter().filter(|pull| !known.contains(pull)).map(|pull| (pull, None)));
                self.looked = Some(now);
            }
            not_before(self.looked.unwrap_or(now) + LOOK);
        }
        let pulls: BTreeSet<&Pull> = due.iter().map(|(pull, _)| pull).collect();
        self.states.retain(|pull, state| pulls.contains(pull) || state.is_needed(now));
        let mut ready = Vec::new();
        for (pull, revision) in due {
            if self.in_flight.contains(&pull) {
                continue;
            }
            match self.states.get(&pull).and_then(|state| state.due(revision)) {
                Some(time) if time > now => not_before(time),
                since => ready.push((pull, revision, since)),
            }
        }
        Ok((ready, later))
    }

    /// Takes the result of one piece of work.
    fn finished(&mut self, Finished { pull, revision, mut state, result }: Finished) {
        self.in_flight.remove(&pull);
        match result {
            Ok(reported) => {
                self.ledger.succeeded(&self.bridge.health);
                self.held_up.succeeded(&pull);
                if reported.has_called {
                    self.gitea_answered();
                }
                state.succeeded(revision, reported);
            }
            Err(Stop::Shutdown) => {}
            Err(Stop::Ledger(error)) => drop(self.ledger.failed(&self.bridge.health, &error)),
            Err(Stop::Gitea(error)) => {
                state.failed(&error);
                if stop::is_of_the_server(&error) {
                    self.failing.insert(pull.clone());
                    if self.failing.len() >= SEVERAL || error.wait().is_some() {
                        let pause = self.gitea.failed(error.wait());
                        if error.wait().is_some() {
                            self.bridge.metrics.waited(pause);
                        }
                    }
                    self.bridge.metrics.failure(Task::Report, GiteaProblem::from(&error));
                    self.bridge.health.raise(GITEA, &one_line(&error));
                } else {
                    self.gitea_answered();
                    let why = format!("{pull}: {}", one_line(&error));
                    self.held_up.failed(pull.clone(), GiteaProblem::from(&error), &why);
                }
            }
        }
        self.states.insert(pull, state);
    }

    fn gitea_answered(&mut self) {
        self.gitea.succeeded();
        self.failing.clear();
        self.bridge.health.resolve(GITEA);
    }
}

#[cfg(test)]
mod tests;
