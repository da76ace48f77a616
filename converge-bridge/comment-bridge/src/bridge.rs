//! What every task has at hand.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::clock::Clock;
use daemon::health::Health;
use http::Connect;
use secrecy::SecretString;
use tokio::sync::{Notify, watch};

use super::ledger::Ledger;
use super::metrics::Metrics;
use super::settings::Settings;
use super::{build, decide, poll, say};
use http::drone::Builds;
use http::gitea::Gitea;

/// The subject of problems with the ledger, which make the bridge unhealthy.
pub const LEDGER: &str = "ledger";

/// What every task has at hand.
#[derive(Debug)]
pub struct Bridge {
    /// What it was told.
    pub settings: Settings,
    /// What it knows.
    pub ledger: Ledger,
    /// The forge.
    pub gitea: Gitea,
    /// The build server.
    pub drone: Builds,
    /// The wall clock.
    pub clock: Clock,
    /// Where `<build number>/results.json` are.
    pub runs: PathBuf,
    /// What wakes a task.
    pub bells: Bells,
    /// Problems and notes, for /healthz and the dashboard.
    pub health: Health,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// True once it is to end: no new call is begun then.
    pub stopping: watch::Sender<bool>,
}

/// What wakes a task before its time.
#[derive(Debug, Default)]
pub struct Bells {
    /// Something was seen.
    pub decide: Notify,
    /// Something is to be built or cancelled.
    pub build: Notify,
    /// Something is to be said.
    pub say: Notify,
}

/// The two tokens.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The bot's, at Gitea.
    pub gitea: SecretString,
    /// Its own, at Drone.
    pub drone: SecretString,
}

impl Bridge {
    /// Everything at hand; no call is made. `connect` lets tests carry requests elsewhere than to the network.
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
            bells: Bells::default(),
            health: Health::new(&[LEDGER]),
            metrics,
            stopping: watch::Sender::new(false),
        }))
    }

    /// Works until it is told to stop, and what was begun by then is written down.
    pub async fn work(self: &Arc<Self>) {
        let pulse = |task| self.health.watch(task);
        tokio::join!(
            biased;
            pulse("poll").follow(poll::run(self)),
            pulse("decide").follow(decide::run(self)),
            pulse("build").follow(build::run(self)),
            pulse("say").follow(say::run(self)),
        );
    }

    /// Tells every task to end.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether it is to end.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits for a bell, a time, or the end. True unless it is to end.
    pub async fn wait(&self, bell: Option<&Notify>, time: Duration) -> bool {
        let mut stopping = self.stopping.subscribe();
        let rung = async {
            match bell {
                Some(bell) => bell.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => false,
            () = rung => true,
            () = tokio::time::sleep(time) => true,
        }
    }
}
