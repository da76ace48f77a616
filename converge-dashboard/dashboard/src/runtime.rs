//! The process from start to SIGTERM.
//!
//! A task that panics or ends by itself ends the process with exit 1, and Swarm starts another one. Nothing is lost: all
//! state is in the files that are read.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base::error::{Class, Explain};
use daemon::drain::{self, Died};
use daemon::event_stream::EventStreams;
use daemon::health::Health;
use daemon::listen::{self, Listener};
use daemon::signals;
use tokio::sync::{Semaphore, watch};

use crate::settings::Settings;
use crate::store::{Directories, RUNS_REMOVED, Store};
use crate::web::{self, AppState};

/// The time in which answers may end after the shutdown.
const LAST_ANSWER: Duration = Duration::from_secs(2);
/// The process is gone this long after a signal, whatever hangs.
const LONGEST: Duration = Duration::from_millis(4800);
/// The most event streams at a time.
const STREAMS: usize = 256;
/// The most files that are sent at a time.
const DOWNLOADS: usize = 32;
/// The longest wait for a change before the directories themselves are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Error that ends the program.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The runtime or the signal handler cannot be started.
    #[error("cannot start")]
    Start(#[source] io::Error),
    /// The address cannot be used.
    #[error("cannot listen on {listen}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// A task ended by itself.
    #[error("a task has ended by itself")]
    Died,
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Start(_) | Self::Listen { .. } => Class::Failed,
            Self::Died => Class::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Listen { .. } => {
                Some("name another address with --listen, or stop the program that listens there".into())
            }
            Self::Died => Some("the line before names the place; a restart loses nothing".into()),
            Self::Start(_) => None,
        }
    }
}

/// Serves until SIGTERM or SIGINT.
pub fn run(settings: Settings, directories: Directories, listen: SocketAddr) -> Result<(), Error> {
    // Before any other thread starts, so that each of them inherits the blocked signals.
    let ending = signals::shutdown(LONGEST).map_err(Error::Start)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Start)?;
    let ended = runtime.block_on(serve(settings, directories, listen, ending));
    runtime.shutdown_background();
    ended
}

async fn serve(
    settings: Settings,
    directories: Directories,
    listen: SocketAddr,
    ending: watch::Receiver<bool>,
) -> Result<(), Error> {
    // Behind a mount, only a restart leads to a directory that was made anew.
    let health = Arc::new(Health::new(&[RUNS_REMOVED]));
    let store = Arc::new(Store::with_health(directories, health.clone()));
    let listener = Listener::bind(&listen.to_string()).await.map_err(|source| Error::Listen { listen, source })?;
    let app = AppState {
        settings: Arc::new(settings),
        store: store.clone(),
        health: health.clone(),
        cache: Arc::default(),
        streams: EventStreams::new(STREAMS, ending.clone()),
        downloads: Arc::new(Semaphore::new(DOWNLOADS)),
    };
    let serving = tokio::spawn(listen::serve(listener, web::router(app), ending.clone()));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), %listen, "ready");
    let reading = health.watch("read").follow(read(store, ending.clone()));
    let (drained, _served) = tokio::join!(drain::run(reading, ending, LAST_ANSWER, || {}), serving);
    drained.map(drop).map_err(|Died| Error::Died)
}

/// Follows the directories until the shutdown.
async fn read(store: Arc<Store>, mut ending: watch::Receiver<bool>) {
    loop {
        let reader = store.clone();
        // A slow disk holds up no answer.
        let looked = tokio::task::spawn_blocking(move || reader.follow(LOOK));
        tokio::select! {
            biased;
            _ = ending.wait_for(|ending| *ending) => return,
            looked = looked => if looked.is_err() { return },
        }
    }
}
