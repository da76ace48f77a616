//! From start to SIGTERM.
//!
//! A task that panics or ends by itself ends the process with exit 1: Swarm starts another, which goes on from the
//! ledger. SIGTERM and SIGINT let the requests under way end and then the process, within 5 s whatever hangs: a thread of
//! its own hears them, so that not even a disk that does not answer keeps it alive.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use base::clock::Clock;
use base::error::{Class, Explain};
use daemon::drain::{self, Died, Drained};
use daemon::listen::{self, Listener};
use daemon::signals;
use http::Connect;
use tokio::sync::watch;

use super::Bridge;
use super::hook::Hook;
use super::ledger::{self, Ledger};
use super::program::Secrets;
use super::settings::Settings;
use super::web;

/// How long another instance may take to end.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long requests to Gitea and Drone that are under way may take to end.
const LAST_CALL: Duration = Duration::from_secs(4);
/// The process is gone this long after a signal, whatever hangs.
const LONGEST: Duration = Duration::from_millis(4800);
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
    let ending = signals::shutdown(LONGEST).map_err(Error::Start)?;
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
    let listening = Listener::bind(&place.listen.to_string()).await;
    let listener = listening.map_err(|source| Error::Listen { listen: place.listen, source })?;
    let router = web::router(bridge.clone(), secrets.webhook.map(Hook::new));
    let serving = tokio::spawn(listen::serve(listener, router, bridge.stopping.subscribe()));
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %place.listen,
        webhook = bridge.settings.webhook,
        "ready"
    );

    let stop = || {
        tracing::info!("ending");
        bridge.stop();
    };
    let (drained, _served) = tokio::join!(drain::run(bridge.work(), ending, LAST_CALL, stop), serving);
    match drained {
        Ok(Drained::Finished) => Ok(()),
        Ok(Drained::Late) => {
            tracing::warn!("a request was still under way; what came of it is looked up at the next start");
            Ok(())
        }
        Err(Died) => Err(Error::Died),
    }
}
