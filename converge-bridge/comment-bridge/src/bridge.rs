//! The context that all tasks share.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::clock::Clock;
use base::error::chain;
use daemon::health::Health;
use http::Connect;
use tokio::sync::{Notify, watch};

use super::ledger::Ledger;
use super::metrics::Metrics;
use super::secrets::Tokens;
use super::settings::Settings;
use super::stop::{LEDGER_SUBJECT, Stop};
use super::trigger::Order;
use http::drone::Builds;
use http::gitea::Gitea;
use http::names::Pull;
use results::{Results, RunIdentity};

/// The number of left-out entries of a list that are named.
const SHOWN: usize = 3;

/// The context that all tasks share.
#[derive(Debug)]
pub struct Bridge {
    /// The settings of the service.
    pub settings: Settings,
    /// The state that outlives a crash.
    pub ledger: Ledger,
    /// The client for Gitea.
    pub gitea: Gitea,
    /// The client for Drone.
    pub drone: Builds,
    /// The wall clock.
    pub clock: Clock,
    /// The directory with `<build number>/results.json`.
    pub runs: PathBuf,
    /// One waker a task.
    pub wakers: Wakers,
    /// Problems and notes, for /healthz and the dashboard.
    pub health: Health,
    /// Counters for Prometheus.
    pub metrics: Arc<Metrics>,
    /// True from the shutdown on: no new call begins then.
    pub stopping: watch::Sender<bool>,
}

/// Wake a task before the end of its wait.
#[derive(Debug, Default)]
pub struct Wakers {
    /// A comment was found.
    pub decide: Notify,
    /// A build must be made or cancelled.
    pub build: Notify,
    /// A comment may be out of date.
    pub report: Notify,
}

impl Bridge {
    /// Makes the context; no call is made. Tests carry requests elsewhere with `connect`.
    pub fn new(
        settings: Settings,
        ledger: Ledger,
        tokens: &Tokens,
        runs: PathBuf,
        clock: Clock,
        connect: &Connect,
    ) -> Result<Arc<Self>, http::Error> {
        let metrics = Arc::new(Metrics::default());
        let connect = &Connect { observer: Some(metrics.clone()), ..connect.clone() };
        Ok(Arc::new(Self {
            gitea: Gitea::with_token(&settings.gitea, &tokens.gitea, connect)?,
            drone: Builds::new(&settings.drone, &settings.repository, &tokens.drone, connect)?,
            settings,
            ledger,
            clock,
            runs,
            wakers: Wakers::default(),
            health: Health::new(&[LEDGER_SUBJECT]),
            metrics,
            stopping: watch::Sender::new(false),
        }))
    }

    /// Notes the entries that were left out of a list, if there are any.
    pub fn note_left_out<'a>(&self, list: &str, left_out: impl IntoIterator<Item = &'a String>) {
        let left_out: Vec<&str> = left_out.into_iter().map(String::as_str).collect();
        let (shown, more) = left_out.split_at(left_out.len().min(SHOWN));
        if !shown.is_empty() {
            let more = if more.is_empty() { String::new() } else { format!("; and {} more", more.len()) };
            self.health.note(&format!("left out of {list}"), &format!("{}{more}", shown.join("; ")));
        }
    }

    /// The results of a run, if they are those of this order.
    pub fn results(&self, pull: &Pull, order: &Order, build: i64) -> Option<Results> {
        let run = RunIdentity {
            build,
            commit: &order.head,
            pull: pull.number,
            recipe: pull.repository.name(),
            quick: order.quick,
        };
        match results::read(&self.runs, run) {
            Ok(results) => results,
            Err(error) => {
                self.health.note(&format!("results of build {build}"), &chain(&error));
                None
            }
        }
    }

    /// Tells every task to end.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// True from the shutdown on.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Returns [`Stop::Shutdown`] from the shutdown on: called before each call that must not begin then.
    pub fn check_running(&self) -> Result<(), Stop> {
        if self.is_stopping() { Err(Stop::Shutdown) } else { Ok(()) }
    }

    /// Runs a query that changes nothing; a shutdown interrupts it.
    pub async fn interruptible<T>(&self, query: impl Future<Output = T>) -> Result<T, Stop> {
        let mut stopping = self.stopping.subscribe();
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => Err(Stop::Shutdown),
            answer = query => Ok(answer),
        }
    }

    /// Waits for a waker, a time, or the shutdown. Returns false at the shutdown.
    pub async fn wait(&self, waker: Option<&Notify>, time: Duration) -> bool {
        let mut stopping = self.stopping.subscribe();
        let woken = async {
            match waker {
                Some(waker) => waker.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => false,
            () = woken => true,
            () = tokio::time::sleep(time) => true,
        }
    }
}
