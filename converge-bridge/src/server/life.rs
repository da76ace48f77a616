//! From start to SIGTERM.
//!
//! A task that panics or ends by itself ends the process with exit 1: Swarm starts another, which goes on from the
//! ledger. SIGTERM and SIGINT let the requests under way end and then the process, within 5 s whatever hangs: a thread of
//! its own hears them, so that not even a disk that does not answer keeps it alive.

pub mod log;
mod pulse;
mod signals;

use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::time::Duration;

use common::error::{Class, Explain};
use common::http::{self, Connect};
use futures_util::FutureExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use super::Bridge;
use super::clock::Clock;
use super::hook::Hook;
use super::ledger::{self, Ledger};
use super::program::Secrets;
use super::settings::Settings;
use super::web;

pub use pulse::Pulse;

/// How long another instance may take to end.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long requests to Gitea and Drone that are under way may take to end.
const LAST_CALL: Duration = Duration::from_secs(4);
/// The ledger's file.
const LEDGER: &str = "ledger.sqlite";

/// Where the program's own things are.
#[derive(Debug, Clone)]
pub struct Place {
    /// The ledger's folder.
    pub ledger: PathBuf,
    /// Where the runs' results are.
    pub runs: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
}

/// Why the program cannot run, or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The runtime or the signals.
    #[error("cannot start")]
    Start(#[source] io::Error),
    /// Its ledger.
    #[error("cannot use the ledger in {}", folder.display())]
    Ledger {
        /// Its folder.
        folder: PathBuf,
        /// Why not.
        source: ledger::Error,
    },
    /// Its clients.
    #[error(transparent)]
    Client(#[from] http::Error),
    /// Its port.
    #[error("cannot listen on {listen}")]
    Listen {
        /// Where.
        listen: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// A task.
    #[error("a task has ended by itself")]
    Died,
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Client(error) => error.class(),
            Self::Ledger { source, .. } => source.class(),
            Self::Start(_) | Self::Listen { .. } => Class::Failed,
            Self::Died => Class::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Ledger { source, .. } => source.hint(),
            Self::Client(error) => error.hint(),
            Self::Listen { .. } => Some("name another address with --listen, or end what listens there".into()),
            Self::Died => {
                Some("the line before says where; it goes on from the ledger when it is started again".into())
            }
            Self::Start(_) => None,
        }
    }
}

/// Serves until it is told to end.
pub fn live(settings: Settings, secrets: Secrets, place: Place) -> Result<(), Error> {
    // Before any other thread is, so that all of them leave the signals to the one that waits for them.
    let ending = signals::hear().map_err(Error::Start)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Start)?;
    let ended = runtime.block_on(serve(settings, secrets, place, ending));
    // Another instance's ledger may still be waited for.
    runtime.shutdown_background();
    ended
}

async fn serve(
    settings: Settings,
    secrets: Secrets,
    place: Place,
    mut ending: watch::Receiver<bool>,
) -> Result<(), Error> {
    let folder = place.ledger.clone();
    let path = folder.join(LEDGER);
    let opening = tokio::task::spawn_blocking(move || Ledger::open(&path, PATIENCE));
    let ledger = tokio::select! {
        biased;
        _ = ending.wait_for(|ending| *ending) => return Ok(()),
        opened = opening => opened.map_err(|_| Error::Died)?.map_err(|source| Error::Ledger { folder, source })?,
    };
    let connect = Connect::within(Duration::from_secs(settings.call_seconds));
    let bridge = Bridge::new(settings, ledger, &secrets.tokens, place.runs, Clock::system(), &connect)?;
    let listening = TcpListener::bind(place.listen).await;
    let listener = listening.map_err(|source| Error::Listen { listen: place.listen, source })?;
    let router = web::router(bridge.clone(), secrets.webhook.map(Hook::new));
    let serving = tokio::spawn(web::serve(listener, router, bridge.stopping.subscribe()));
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %place.listen,
        webhook = bridge.settings.webhook,
        "ready"
    );

    let mut working = std::pin::pin!(AssertUnwindSafe(bridge.work()).catch_unwind());
    let died = tokio::select! {
        biased;
        _ = ending.wait_for(|ending| *ending) => false,
        // Logged where it happened, if it was a panic.
        _ = &mut working => true,
    };
    tracing::info!("ending");
    bridge.stop();
    let last_call = async { died || timeout(LAST_CALL, working).await.is_ok() };
    let (in_time, _served) = tokio::join!(last_call, serving);
    if !in_time {
        tracing::warn!("a request was still under way; what came of it is looked up at the next start");
    }
    if died { Err(Error::Died) } else { Ok(()) }
}
