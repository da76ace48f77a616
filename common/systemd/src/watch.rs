//! Changes of a fixed set of units, from systemd's signals and without polling.
//!
//! | signal | meaning |
//! |---|---|
//! | `PropertiesChanged` of a unit's object | the unit has changed |
//! | `JobRemoved` with the unit's name | a start or a stop has ended; systemd announces the first change of a unit that was not loaded by no `PropertiesChanged` |
//! | `Reloading` with false, a new owner of systemd's name on the bus | any unit may have changed |
//!
//! `UnitNew` and `UnitRemoved` are left out: reading a unit that is not loaded loads it for a moment, so that the read would
//! cause the next one. The bus filters by unit; other units wake up nothing.

mod signal;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use zbus::fdo::DBusProxy;
use zbus::message::Type;
use zbus::proxy::CacheProperties;
use zbus::{Connection, MessageStream, OwnedObjectPath};

use crate::Error;
use crate::bus::{ManagerProxy, ServiceProxy, UnitProxy, within};
use signal::{Meaning, Names};

/// The deadline of a call.
const DEADLINE: Duration = Duration::from_secs(5);

/// systemd's exit status for credentials that could not be set up.
pub const EXIT_CREDENTIALS: i32 = 243;

/// A connection that follows a fixed set of units.
#[derive(Debug)]
pub struct Watch {
    bus: Connection,
    manager: ManagerProxy<'static>,
    units: Vec<Names>,
    pending: Arc<Pending>,
    reader: Option<JoinHandle<()>>,
}

/// The state of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// `loaded`, `not-found`, `masked`, `bad-setting`, `error`.
    pub load: String,
    /// The reason why the unit could not be loaded.
    pub load_error: Option<String>,
    /// `active`, `inactive`, `failed`, `activating`, `deactivating`, `reloading`.
    pub active: String,
    /// The state in the words of the unit's type: `running`, `exited`, `auto-restart`.
    pub sub: String,
    /// True while a start, stop or restart is queued or running.
    pub has_job: bool,
    /// The time of the last change in microseconds since 1970; `None` for a unit that has been idle since it was loaded.
    pub since: Option<u64>,
    /// The state of a service; `None` for a unit of another type.
    pub service: Option<ServiceState>,
}

/// The state of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceState {
    /// `success`, `exit-code`, `signal`, `timeout`, `oom-kill`, …
    pub result: String,
    /// `CLD_…` of the main process: 1 = exited, 2 = killed, 3 = killed with a core dump; 0 before its end.
    pub code: i32,
    /// The exit code or the signal of the main process.
    pub status: i32,
    /// The line that the service has sent with `STATUS=`.
    pub text: String,
    /// The number of automatic restarts.
    pub restarts: u32,
    /// `LoadCredential=`, name and path, of a service that ended with [`EXIT_CREDENTIALS`]; else empty.
    pub credentials: Vec<(String, PathBuf)>,
}

/// What the signals have told and no caller has taken yet.
#[derive(Debug, Default)]
struct Pending {
    seen: Mutex<Seen>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Seen {
    changed: BTreeSet<usize>,
    has_new_owner: bool,
    is_closed: bool,
}

impl Pending {
    fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_one();
    }

    fn take(&self) -> Seen {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Watch {
    /// Connects to systemd and follows these units. All of them count as changed at first.
    pub async fn connect(units: &[String]) -> Result<Self, Error> {
        in_time(Self::open(units)).await
    }

    async fn open(units: &[String]) -> zbus::Result<Self> {
        let bus = Connection::system().await?;
        let manager = ManagerProxy::new(&bus).await?;
        let mut watch = Self { bus, manager, units: Vec::new(), pending: Arc::default(), reader: None };
        for unit in units {
            // An alias has the path and the signals of the unit that it stands for.
            let path = watch.manager.load_unit(unit).await?;
            let id = watch.unit(&path).await?.id().await?;
            watch.units.push(Names { id, path });
        }
        // A task of its own: a stream that is not read holds up the answers on the same connection.
        let reading = follow(MessageStream::from(&watch.bus), watch.units.clone(), watch.pending.clone());
        watch.reader = Some(tokio::spawn(reading));
        let dbus = DBusProxy::new(&watch.bus).await?;
        for rule in signal::rules(&watch.units)? {
            dbus.add_match_rule(rule).await?;
        }
        watch.subscribe().await?;
        watch.pending.note(|seen| seen.changed.extend(0..units.len()));
        Ok(watch)
    }

    /// Asks systemd to send signals: it sends none without a subscriber, and a new instance of it may know no subscriber.
    async fn subscribe(&self) -> zbus::Result<()> {
        match self.manager.subscribe().await {
            Err(zbus::Error::MethodError(name, _, _))
                if name.as_str() == "org.freedesktop.systemd1.AlreadySubscribed" =>
            {
                Ok(())
            }
            done => done,
        }
    }

    /// Waits until units may have changed and returns their places in the list of [`Self::connect`]. Cancel-safe until a
    /// place is returned.
    pub async fn changed(&self) -> Result<BTreeSet<usize>, Error> {
        loop {
            let seen = self.pending.take();
            if seen.is_closed {
                return Err(Error::Disconnected);
            }
            if seen.has_new_owner {
                in_time(self.subscribe()).await?;
            }
            if !seen.changed.is_empty() {
                return Ok(seen.changed);
            }
            self.pending.wake.notified().await;
        }
    }

    /// Reads the state of the unit at this place in the list of [`Self::connect`].
    pub async fn read(&self, place: usize) -> Result<State, Error> {
        let Some(Names { id, path }) = self.units.get(place) else { return Err(Error::Disconnected) };
        within(DEADLINE, "report the state of", id, async {
            let unit = self.unit(path).await?;
            let (_, load_error) = unit.load_error().await?;
            Ok(State {
                load: unit.load_state().await?,
                load_error: Some(load_error).filter(|error| !error.is_empty()),
                active: unit.active_state().await?,
                sub: unit.sub_state().await?,
                has_job: unit.job().await?.0 != 0,
                since: Some(unit.state_change_timestamp().await?).filter(|since| *since != 0),
                service: if id.ends_with(".service") { Some(self.service(path).await?) } else { None },
            })
        })
        .await
    }

    async fn service(&self, path: &OwnedObjectPath) -> zbus::Result<ServiceState> {
        let service =
            ServiceProxy::builder(&self.bus).path(path.clone()).cache_properties(CacheProperties::No).build().await?;
        let (code, status) = (service.exec_main_code().await?, service.exec_main_status().await?);
        let credentials =
            if status == EXIT_CREDENTIALS { service.load_credential().await.unwrap_or_default() } else { Vec::new() };
        Ok(ServiceState {
            result: service.result().await?,
            code,
            status,
            text: service.status_text().await?,
            restarts: service.n_restarts().await?,
            credentials: credentials.into_iter().map(|(name, path)| (name, path.into())).collect(),
        })
    }

    async fn unit(&self, path: &OwnedObjectPath) -> zbus::Result<UnitProxy<'static>> {
        UnitProxy::builder(&self.bus).path(path.clone()).cache_properties(CacheProperties::No).build().await
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(reader) = &self.reader {
            reader.abort();
        }
    }
}

async fn in_time<T>(call: impl Future<Output = zbus::Result<T>>) -> Result<T, Error> {
    let late = |_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
    timeout(DEADLINE, call).await.unwrap_or_else(late).map_err(Error::Follow)
}

/// Notes every signal until the end of the connection.
async fn follow(mut messages: MessageStream, units: Vec<Names>, pending: Arc<Pending>) {
    while let Some(Ok(message)) = messages.next().await {
        if message.message_type() != Type::Signal {
            continue;
        }
        match signal::meaning(&message, &units) {
            Some(Meaning::Changed(place)) => pending.note(|seen| _ = seen.changed.insert(place)),
            Some(Meaning::Reloaded) => pending.note(|seen| seen.changed.extend(0..units.len())),
            Some(Meaning::NewOwner) => pending.note(|seen| {
                seen.changed.extend(0..units.len());
                seen.has_new_owner = true;
            }),
            None => {}
        }
    }
    pending.note(|seen| seen.is_closed = true);
}
