//! From start to end: asking for stages while there is a free slot, reloading, draining.

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
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinHandle, spawn_local};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::board::Board;
use super::offers::{Slots, ask};
use super::rpc::wire::{Stage, Status};
use super::rpc::{self, Client};
use super::settings::{self, Loaded, load};
use super::stage::{self, Folder, Stop};
use super::{Runner, metrics, orphans, prefix};
use systemd::notify;
use systemd::transient::Units;

/// How often the status line says how long builds have been running.
const TICK: Duration = Duration::from_secs(5);

/// How long Drone may take to be told of what was stopped with the runner; the next one tells it else.
const LAST_WORDS: Duration = Duration::from_secs(20);

/// Why the runner cannot run, or go on.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each is a sentence")]
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
    Lost,
    #[error("the signals of this process cannot be heard")]
    Signals(#[source] std::io::Error),
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Settings(error) => error.class(),
            Self::Rpc(error) => error.class(),
            Self::Systemd(error) => error.class(),
            Self::Lock(error) => error.class(),
            Self::Lost | Self::Signals(_) => Class::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Settings(error) => error.hint(),
            Self::Rpc(error) => error.hint(),
            Self::Systemd(error) => error.hint(),
            Self::Lock(_) => Some("two runners on one machine need two of `name` and of `steps.directory`".into()),
            Self::Lost => Some("systemd starts the runner again, which ends what ran".into()),
            Self::Signals(_) => None,
        }
    }
}

/// Where the runner's own things are.
#[derive(Debug, Clone)]
pub struct Place {
    /// The configuration.
    pub configuration: PathBuf,
    /// Where `status.json` goes.
    pub runtime: PathBuf,
    /// Where the secret is.
    pub credentials: Credentials,
}

/// Runs until it is told to end and everything it has begun is over.
pub async fn live(place: Place, loaded: Loaded) -> Result<(), Error> {
    let mut signals = Signals::listen().and_then(Signals::with_reload).map_err(Error::Signals)?;

    let directory = loaded.settings.steps.directory.clone();
    let _lock = Lock::take(&directory.join("lock"), "the folder of the stages", Duration::from_secs(1)).await?;
    let units = Units::connect().await?;
    let board = Arc::new(Board::new(place.runtime.join("status.json")));
    let mut runner = runner(loaded, units.clone(), board.clone())?;
    orphans::stop(&runner).await?;
    for (id, folder) in Folder::all(&directory) {
        spawn_local(orphans::report(runner.clone(), id, folder));
    }
    let mut metrics = serve_metrics(&runner);
    notify::ready();
    board.tell();

    let slots = Rc::new(Slots::default());
    let (offers, mut offered) = mpsc::unbounded_channel();
    let mut asking = spawn_local(ask(runner.clone(), slots.clone(), offers.clone()));
    let stop = watch::Sender::new(None);
    let mut stages = FuturesUnordered::new();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let lost = units.disconnected();
    tokio::pin!(lost);
    loop {
        tokio::select! {
            Some((taken, folder)) = offered.recv() => stages.push(begin(&runner, taken, folder, &stop)),
            Some((id, ended)) = stages.next() => over(&board, &slots, id, ended),
            _ = tick.tick(), if board.is_busy() => board.tell(),
            request = signals.next() => {
                if request != Request::Reload {
                    break;
                }
                if let Some(new) = reload(&place, &runner) {
                    asking.abort();
                    runner = new;
                    asking = spawn_local(ask(runner.clone(), slots.clone(), offers.clone()));
                    metrics.iter().for_each(JoinHandle::abort);
                    metrics = serve_metrics(&runner);
                }
            }
            () = &mut lost => return Err(Error::Lost),
        }
    }

    asking.abort();
    notify::stopping();
    board.draining();
    tracing::info!("draining: no more stages are taken");
    // One that was taken a moment ago.
    while let Ok((taken, folder)) = offered.try_recv() {
        stages.push(begin(&runner, taken, folder, &stop));
    }
    let mut until = Instant::now() + runner.settings.limits.drain();
    let mut is_stopped = false;
    while !stages.is_empty() {
        tokio::select! {
            Some((id, ended)) = stages.next() => over(&board, &slots, id, ended),
            _ = tick.tick() => board.tell(),
            () = sleep_until(until) => {
                if is_stopped {
                    tracing::warn!("Drone was not told of every stage; the next run tells it");
                    break;
                }
                is_stopped = true;
                until = Instant::now() + runner.settings.limits.stop() + LAST_WORDS;
                stop.send_replace(Some(Stop::Runner));
            }
            // Whoever says it twice means at once.
            Request::End(_) = signals.next(), if !is_stopped => until = Instant::now(),
            () = &mut lost => return Err(Error::Lost),
        }
    }
    Ok(())
}

/// Runs a stage, in a task of its own: no stage's work waits for another's.
fn begin(
    runner: &Rc<Runner>,
    taken: Stage,
    folder: Folder,
    stop: &watch::Sender<Option<Stop>>,
) -> impl Future<Output = (i64, Result<Status, JoinError>)> + use<> {
    let id = taken.id;
    let stage = spawn_local(stage::run(runner.clone(), taken, folder, stop.subscribe()));
    async move { (id, stage.await) }
}

fn over(board: &Board, slots: &Slots, id: i64, ended: Result<Status, JoinError>) {
    match ended {
        Ok(status) => board.count(status),
        Err(error) => tracing::error!(STAGE = id, "a stage was lost: {error}"),
    }
    slots.give_back(id);
}

/// What stages are run with from now on.
fn runner(loaded: Loaded, units: Units, board: Arc<Board>) -> Result<Rc<Runner>, Error> {
    let Loaded { settings, secret, inputs } = loaded;
    let machine = settings.name.clone().unwrap_or_else(host_name);
    let client = Client::new(&settings, secret.clone(), &machine)?;
    board.configured(Fingerprint::new(inputs.expose_secret().as_bytes()).to_string(), settings.capacity);
    Ok(Rc::new(Runner { prefix: prefix(&machine), settings, client, units, secret, board }))
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "localhost".into() } else { name.trim().into() }
}

/// Reads the configuration again, for the stages to come. One that is wrong changes nothing.
fn reload(place: &Place, now: &Runner) -> Option<Rc<Runner>> {
    notify::reloading();
    let loaded = load(&place.configuration, &place.credentials).map_err(Error::from);
    let new = loaded.and_then(|loaded| {
        // What a start finds again must not be left by a reload.
        let is_same = loaded.settings.steps.directory == now.settings.steps.directory
            && loaded.settings.name.clone().unwrap_or_else(host_name) == now.client.machine();
        if !is_same {
            tracing::warn!("a changed `name` or `steps.directory` takes effect when the runner is restarted");
            return Ok(None);
        }
        runner(loaded, now.units.clone(), now.board.clone()).map(Some)
    });
    let new = new.unwrap_or_else(|error| {
        tracing::error!("the configuration was not read again: {}", chain(&error));
        None
    });
    if new.is_some() {
        tracing::info!("the configuration was read again");
    }
    notify::ready();
    new
}

fn serve_metrics(runner: &Runner) -> Option<JoinHandle<()>> {
    let place = runner.settings.metrics.clone()?;
    Some(spawn_local(metrics::serve(place, runner.board.clone())))
}
