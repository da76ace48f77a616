//! The runner from its start to its exit: polls while a slot is free, reloads, drains.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use base::credential::Credentials;
use base::error::{Class, Explain, chain};
use base::fingerprint::Fingerprint;
use base::lock::{Error as LockError, Lock};
use daemon::signals::{Request, Signals};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use secrecy::ExposeSecret;
use systemd::notify;
use systemd::transient::Units;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinHandle, spawn_local};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::queue::{Accepted, Slots, poll, settle};
use super::rpc::{self, Client};
use super::settings::{self, Loaded, load};
use super::stage::{self, Folder, LOCK, StopReason};
use super::status::{FILE, RunnerStatus};
use super::{ProgramFile, Runner, metrics, orphans, unit_prefix};
use http::drone::Status;

/// The interval at which the status line shows the duration of builds anew.
const TICK: Duration = Duration::from_secs(5);

/// The time for the last reports after the stages were stopped. The next start sends what is left.
const FINAL_REPORTS: Duration = Duration::from_secs(20);

/// The result of a stage's task.
type Ended = (Status, Option<JoinHandle<()>>);

/// An error that ends the runner.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Settings(#[from] settings::Error),
    #[error("Drone's server cannot be asked")]
    Rpc(#[from] rpc::Error),
    #[error(transparent)]
    Systemd(#[from] systemd::Error),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error("the connection to systemd is lost")]
    Disconnected,
    #[error("the signals of this process cannot be received")]
    Signals(#[source] std::io::Error),
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Settings(error) => error.class(),
            Self::Rpc(error) => error.class(),
            Self::Systemd(error) => error.class(),
            Self::Lock(error) => error.class(),
            Self::Disconnected | Self::Signals(_) => Class::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Settings(error) => error.hint(),
            Self::Rpc(error) => error.hint(),
            Self::Systemd(error) => error.hint(),
            Self::Lock(_) => Some("give each runner on this machine its own `name` and `steps.directory`".into()),
            Self::Disconnected => Some("systemd restarts the runner, which stops the steps that were running".into()),
            Self::Signals(_) => None,
        }
    }
}

/// The files of the runner itself.
#[derive(Debug, Clone)]
pub struct Paths {
    /// The configuration.
    pub configuration: PathBuf,
    /// The directory of `status.json`.
    pub runtime: PathBuf,
    /// The credentials, among them the RPC secret.
    pub credentials: Credentials,
    /// The program as it was started. A reload does not change it.
    pub program: ProgramFile,
}

/// Runs until a signal ends the runner and all accepted stages have ended.
pub async fn run(paths: Paths, loaded: Loaded) -> Result<(), Error> {
    let mut signals = Signals::listen().and_then(Signals::with_reload).map_err(Error::Signals)?;

    let directory = loaded.settings.steps.directory.clone();
    let _lock = Lock::take(&directory.join(LOCK), "the folder of the stages", Duration::from_secs(1)).await?;
    let units = Units::connect().await?;
    let status = Arc::new(RunnerStatus::new(paths.runtime.join(FILE)));
    let mut runner = runner(loaded, units.clone(), status.clone())?;
    let folders = Folder::all(&directory);
    orphans::stop(&runner, &folders).await?;
    let slots = Rc::new(Slots::default());
    // Stages that have ended, while Drone does not take their end.
    let mut reports: FuturesUnordered<JoinHandle<()>> =
        folders.into_iter().map(|(id, folder)| settle(&runner, &slots, id, folder)).collect();
    let mut metrics = serve_metrics(&runner);
    notify::ready();
    status.notify();

    let (sender, mut accepted) = mpsc::unbounded_channel();
    let mut polling = spawn_local(poll(runner.clone(), slots.clone(), sender.clone()));
    let stop = watch::Sender::new(None);
    let mut stages = FuturesUnordered::new();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let disconnected = units.disconnected();
    tokio::pin!(disconnected);
    loop {
        tokio::select! {
            Some(next) = accepted.recv() => stages.push(start(&runner, next, &stop)),
            Some((id, ended)) = stages.next() => reports.extend(end(&status, &slots, id, ended)),
            Some(_) = reports.next() => {}
            _ = tick.tick(), if status.is_busy() => status.notify(),
            request = signals.next() => {
                if request != Request::Reload {
                    break;
                }
                if let Some(new) = reload(&paths, &runner) {
                    polling.abort();
                    runner = new;
                    polling = spawn_local(poll(runner.clone(), slots.clone(), sender.clone()));
                    metrics.iter().for_each(JoinHandle::abort);
                    metrics = serve_metrics(&runner);
                }
            }
            () = &mut disconnected => return Err(Error::Disconnected),
        }
    }

    polling.abort();
    notify::stopping();
    status.start_drain();
    tracing::info!("draining: no more stages are accepted");
    // A stage may have been accepted just before the signal.
    while let Ok(next) = accepted.try_recv() {
        stages.push(start(&runner, next, &stop));
    }
    let mut until = Instant::now() + runner.settings.limits.drain();
    let mut is_stopped = false;
    while !(stages.is_empty() && reports.is_empty()) {
        // The next start reports again, so that these do not hold up a restart.
        if stages.is_empty() && !is_stopped {
            is_stopped = true;
            until = until.min(Instant::now() + FINAL_REPORTS);
        }
        tokio::select! {
            Some((id, ended)) = stages.next() => reports.extend(end(&status, &slots, id, ended)),
            Some(_) = reports.next() => {}
            _ = tick.tick() => status.notify(),
            () = sleep_until(until) => {
                if is_stopped {
                    tracing::warn!("some stages were not reported to Drone; the next start reports them");
                    break;
                }
                is_stopped = true;
                until = Instant::now() + runner.settings.limits.stop() + FINAL_REPORTS;
                stop.send_replace(Some(StopReason::Shutdown));
            }
            // A second signal ends the drain.
            request = signals.next(), if !is_stopped => {
                if matches!(request, Request::End(_)) {
                    until = Instant::now();
                }
            }
            () = &mut disconnected => return Err(Error::Disconnected),
        }
    }
    Ok(())
}

/// Starts a stage in a task of its own, so that no stage waits for another one.
fn start(
    runner: &Rc<Runner>,
    accepted: Accepted,
    stop: &watch::Sender<Option<StopReason>>,
) -> impl Future<Output = (i64, Result<Ended, JoinError>)> + use<> {
    let id = accepted.stage.id;
    let task = spawn_local(stage::run(runner.clone(), accepted, stop.subscribe()));
    async move { (id, task.await) }
}

/// Frees the slot of a stage. Returns the task that reports its end, if that is not done.
fn end(status: &RunnerStatus, slots: &Slots, id: i64, ended: Result<Ended, JoinError>) -> Option<JoinHandle<()>> {
    slots.release(id);
    match ended {
        Ok((ended, reporting)) => {
            status.count(ended);
            reporting
        }
        Err(error) => {
            tracing::error!(STAGE = id, "the task of a stage failed: {error}");
            None
        }
    }
}

/// Makes the context of later stages.
fn runner(loaded: Loaded, units: Units, status: Arc<RunnerStatus>) -> Result<Rc<Runner>, Error> {
    let Loaded { settings, secret, config_hash } = loaded;
    let machine = settings.machine();
    let client = Client::new(&settings, secret.clone(), &machine)?;
    let fingerprint = Fingerprint::new(config_hash.expose_secret().as_bytes());
    status.set_configuration(fingerprint.to_string(), settings.capacity);
    Ok(Rc::new(Runner { unit_prefix: unit_prefix(&machine), settings, client, units, secret, status }))
}

/// Loads the configuration again for later stages. A wrong one changes nothing.
fn reload(paths: &Paths, now: &Runner) -> Option<Rc<Runner>> {
    notify::reloading();
    let loaded = load(&paths.configuration, &paths.credentials, &paths.program).map_err(Error::from);
    let new = loaded.and_then(|loaded| {
        // The next start looks for orphans under the present name, in the present directory.
        let is_same = loaded.settings.steps.directory == now.settings.steps.directory
            && loaded.settings.machine() == now.client.machine();
        if !is_same {
            tracing::warn!("a changed `name` or `steps.directory` takes effect when the runner is restarted");
            return Ok(None);
        }
        runner(loaded, now.units.clone(), now.status.clone()).map(Some)
    });
    let new = new.unwrap_or_else(|error| {
        tracing::error!("the configuration was not reloaded: {}", chain(&error));
        None
    });
    if new.is_some() {
        tracing::info!("the configuration was reloaded");
    }
    notify::ready();
    new
}

fn serve_metrics(runner: &Runner) -> Option<JoinHandle<()>> {
    let address = runner.settings.metrics.clone()?;
    Some(spawn_local(metrics::serve(address, runner.status.clone())))
}
