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

use base::clock::Clock;
use base::error::{Class, Explain};
use futures_util::FutureExt as _;
use http::Connect;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use super::Bridge;
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

    let stop = || {
        tracing::info!("ending");
        bridge.stop();
    };
    let (worked, _served) = tokio::join!(work(bridge.work(), ending, stop), serving);
    worked
}

/// Works until it is told to end, and a little longer for what is under way then. Work that ends by itself, or panics,
/// is an error.
async fn work(
    work: impl Future<Output = ()>,
    mut ending: watch::Receiver<bool>,
    stop: impl FnOnce(),
) -> Result<(), Error> {
    let mut working = std::pin::pin!(AssertUnwindSafe(work).catch_unwind());
    let ended = tokio::select! {
        biased;
        _ = ending.wait_for(|ending| *ending) => None,
        ended = &mut working => Some(ended),
    };
    stop();
    match ended {
        // A panic was logged where it happened.
        Some(_) => return Err(Error::Died),
        None => match timeout(LAST_CALL, working).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(Error::Died),
            Err(_) => {
                tracing::warn!("a request was still under way; what came of it is looked up at the next start");
            }
        },
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ended(task: impl Future<Output = ()>, tell: bool) -> (Result<(), Error>, bool) {
        let (sender, ending) = watch::channel(tell);
        let mut stopped = false;
        let worked = work(task, ending, || stopped = true).await;
        drop(sender);
        (worked, stopped)
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_or_ends_by_itself_ends_the_process() {
        let (died, stopped) = ended(async { panic!("a task") }, false).await;
        assert!(matches!(died, Err(Error::Died)) && stopped);
        let (died, stopped) = ended(async {}, false).await;
        assert!(matches!(died, Err(Error::Died)) && stopped);
        assert_eq!(Error::Died.class().exit_code(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_may_end_and_what_hangs_is_left() {
        let (worked, stopped) = ended(tokio::time::sleep(Duration::from_secs(3)), true).await;
        assert!(worked.is_ok() && stopped);
        let began = tokio::time::Instant::now();
        let (worked, _) = ended(std::future::pending(), true).await;
        assert!(worked.is_ok());
        assert_eq!(began.elapsed(), LAST_CALL);
        let (died, _) = ended(async { panic!("while it ends") }, true).await;
        assert!(matches!(died, Err(Error::Died)));
    }
}
