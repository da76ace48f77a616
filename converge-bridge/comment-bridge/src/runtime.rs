//! The process from start to SIGTERM.
//!
//! A task that panics or ends by itself ends the process with exit 1: Swarm starts another one, which continues from the
//! ledger. After SIGTERM or SIGINT, calls in flight may end, and the process exits within 5 s. A thread of its own waits for
//! the signals, so even a hanging disk does not keep the process alive.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::clock::Clock;
use base::error::{Class, Explain};
use daemon::drain::{self, Died, Drained};
use daemon::listen::{self, Listener};
use daemon::signals;
use http::Connect;
use tokio::sync::watch;

use super::container::LEDGER_FILE;
use super::hook::Hook;
use super::ledger::{self, Ledger};
use super::secrets::Secrets;
use super::settings::Settings;
use super::web;
use super::{Bridge, build, decide, poll, publish, report};

/// The wait for another instance to end.
const OTHER_INSTANCE: Duration = Duration::from_secs(20);
/// The time in which calls to Gitea and Drone may end after the shutdown.
const LAST_CALL: Duration = Duration::from_secs(4);
/// The process is gone this long after a signal, whatever hangs.
const LONGEST: Duration = Duration::from_millis(4800);

/// The paths and the address of the program.
#[derive(Debug, Clone)]
pub struct Paths {
    /// The directory of the ledger.
    pub ledger: PathBuf,
    /// The directory of the results.
    pub runs: PathBuf,
    /// The directory of the published files.
    pub published: PathBuf,
    /// The address to listen on.
    pub listen: SocketAddr,
}

/// Error that ends the program.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The runtime or the signal handler cannot be started.
    #[error("cannot start")]
    Start(#[source] io::Error),
    /// The ledger cannot be opened.
    #[error("cannot use the ledger in {}", folder.display())]
    Ledger {
        /// The directory of the ledger.
        folder: PathBuf,
        /// The cause.
        source: ledger::Error,
    },
    /// A client cannot be made.
    #[error(transparent)]
    Client(#[from] http::Error),
    /// The port cannot be opened.
    #[error("cannot listen on {listen}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// A task panicked or ended by itself.
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
            Self::Listen { .. } => {
                Some("name another address with --listen, or stop the program that listens there".into())
            }
            Self::Died => {
                Some("the line before names the place; after a restart the bridge continues from the ledger".into())
            }
            Self::Start(_) => None,
        }
    }
}

/// Serves until SIGTERM or SIGINT.
pub fn run(settings: Settings, secrets: Secrets, paths: Paths) -> Result<(), Error> {
    // Before any other thread starts, so that each of them inherits the blocked signals.
    let ending = signals::shutdown(LONGEST).map_err(Error::Start)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Start)?;
    let ended = runtime.block_on(serve(settings, secrets, paths, ending));
    // A thread may still wait for another instance's lock.
    runtime.shutdown_background();
    ended
}

async fn serve(
    settings: Settings,
    secrets: Secrets,
    paths: Paths,
    mut ending: watch::Receiver<bool>,
) -> Result<(), Error> {
    let folder = paths.ledger.clone();
    let path = folder.join(LEDGER_FILE);
    let opening = tokio::task::spawn_blocking(move || Ledger::open(&path, OTHER_INSTANCE));
    let ledger = tokio::select! {
        biased;
        _ = ending.wait_for(|ending| *ending) => return Ok(()),
        opened = opening => opened.map_err(|_| Error::Died)?.map_err(|source| Error::Ledger { folder, source })?,
    };
    let connect = Connect::within(Duration::from_secs(settings.call_seconds));
    let bridge = Bridge::new(settings, ledger, &secrets.tokens, paths.runs, Clock::system(), &connect)?;
    let listening = Listener::bind(&paths.listen.to_string()).await;
    let listener = listening.map_err(|source| Error::Listen { listen: paths.listen, source })?;
    let router = web::router(bridge.clone(), secrets.webhook.map(Hook::new));
    let serving = tokio::spawn(listen::serve(listener, router, bridge.stopping.subscribe()));
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %paths.listen,
        webhook = bridge.settings.webhook,
        "ready"
    );

    let stop = || {
        tracing::info!("shutting down");
        bridge.stop();
    };
    let publishing = bridge.health.watch("publish").follow(publish::run(&bridge, &paths.published));
    let (drained, _served, ()) =
        tokio::join!(drain::run(run_tasks(&bridge), ending, LAST_CALL, stop), serving, publishing);
    end(drained)
}

/// The end of the process after its tasks.
fn end(drained: Result<Drained, Died>) -> Result<(), Error> {
    match drained {
        Ok(Drained::Finished) => Ok(()),
        Ok(Drained::Late) => {
            tracing::warn!("a call was still in flight; the next start looks up its outcome");
            Ok(())
        }
        Err(Died) => Err(Error::Died),
    }
}

/// Runs all tasks until the shutdown; calls in flight then are finished and recorded.
pub async fn run_tasks(bridge: &Arc<Bridge>) {
    let heartbeat = |task| bridge.health.watch(task);
    tokio::join!(
        biased;
        heartbeat("poll").follow(poll::run(bridge)),
        heartbeat("decide").follow(decide::run(bridge)),
        heartbeat("build").follow(build::run(bridge)),
        heartbeat("report").follow(report::run(bridge)),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_ends_by_itself_ends_the_process_with_exit_1() {
        let Err(error) = end(Err(Died)) else { panic!("the process ends well") };
        assert!(matches!(error, Error::Died));
        assert_eq!(error.class().exit_code(), 1);
        assert!(end(Ok(Drained::Late)).is_ok());
    }
}
