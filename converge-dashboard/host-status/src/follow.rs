//! The loop: waits for changes, reads the units that may have changed, writes the file; connects again after an outage.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base::backoff::{Backoff, Retries};
use base::error::{Class, Explain, one_line};
use daemon::signals::{Request, Signals};
use jiff::Timestamp;
use systemd::notify;
use systemd::watch::Watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::file::HostFile;
use crate::settings::Settings;

/// The shortest time between two readings: a burst of changes is read once in this time.
const PAUSE: Duration = Duration::from_millis(200);

/// The waits between attempts to connect.
const RECONNECT: Backoff = Backoff::unlimited(Duration::from_millis(200), Duration::from_secs(10));

/// An error that ends the program.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The signals of this process cannot be received.
    #[error("the signals of this process cannot be received")]
    Signals(#[source] io::Error),
    /// The file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl Explain for Error {
    fn class(&self) -> Class {
        Class::Failed
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Signals(_) => None,
            Self::Write { .. } => Some(
                "the unit must have RuntimeDirectory=converge/host, and /run must have space: see `df /run`".into(),
            ),
        }
    }
}

/// The end of a connection.
enum Ended {
    Systemd(systemd::Error),
    Write(io::Error),
}

/// Keeps the file at `path` current until SIGTERM or SIGINT.
pub async fn run(settings: &Settings, path: &Path) -> Result<(), Error> {
    let mut signals = Signals::listen().map_err(Error::Signals)?;
    let unwritten = |source| Error::Write { path: path.into(), source };
    let mut file = HostFile::new(path.into(), &settings.units, Timestamp::now());
    let mut retries = Retries::new(RECONNECT);
    let request = loop {
        let ended = tokio::select! {
            request = signals.next() => break request,
            ended = follow(&settings.units, &mut file, &mut retries) => {
                let Err(ended) = ended;
                ended
            }
        };
        let error = match ended {
            Ended::Systemd(error) => error,
            Ended::Write(source) => return Err(unwritten(source)),
        };
        file.write_outdated(Timestamp::now()).map_err(unwritten)?;
        if !retries.is_failing() {
            tracing::warn!("the states of the units are outdated: {}", one_line(&error));
        }
        tokio::select! {
            request = signals.next() => break request,
            () = sleep(retries.failed(None)) => {}
        }
    };
    if let Request::End(signal) = request {
        tracing::info!("ending after {signal}");
    }
    notify::stopping();
    // A restart keeps the file, and it must not claim more than it can.
    file.write_outdated(Timestamp::now()).map_err(unwritten)
}

/// Follows the units until the connection or the file fails.
async fn follow(units: &[String], file: &mut HostFile, retries: &mut Retries) -> Result<Infallible, Ended> {
    let watch = Watch::connect(units).await.map_err(Ended::Systemd)?;
    loop {
        let changed = watch.changed().await.map_err(Ended::Systemd)?;
        let next = Instant::now() + PAUSE;
        for place in changed {
            let state = watch.read(place).await.map_err(Ended::Systemd)?;
            file.set(place, state, Timestamp::now());
        }
        file.write_current(Timestamp::now()).map_err(Ended::Write)?;
        if retries.succeeded() {
            tracing::info!("the states of the units are current again");
        }
        sleep_until(next).await;
    }
}
