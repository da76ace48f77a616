//! Transient services: their start, their end by signals of D-Bus, and their stop with every process of theirs.

mod service;

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use zbus::fdo::PropertiesChanged;
use zbus::message::Type;
use zbus::{Connection, MatchRule, Message, MessageStream, OwnedObjectPath, Variant};

use crate::Error;
use crate::bus::{ManagerProxy, ServiceProxy, UnitProxy, within};
pub use service::{Exit, Service};

/// The deadline of a call.
const DEADLINE: Duration = Duration::from_secs(30);

/// The interval of polls beside the signals: a signal may be lost during `systemctl daemon-reexec`.
const POLL: Duration = Duration::from_secs(10);

/// The longest time without an answer of systemd.
const OUTAGE: Duration = Duration::from_mins(1);

/// The interval of retries during an outage.
const RETRY: Duration = Duration::from_millis(200);

/// A connection to systemd for transient services.
#[derive(Debug, Clone)]
pub struct Units {
    bus: Connection,
    manager: ManagerProxy<'static>,
}

/// The signals of a service. Subscribed before its start, so that none is missed.
#[derive(Debug)]
pub struct Signals {
    name: String,
    path: OwnedObjectPath,
    stream: MessageStream,
}

impl Signals {
    /// The name of the unit.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A started transient service.
#[derive(Debug)]
pub struct Running {
    units: Units,
    signals: Signals,
    /// True once systemd has executed the command.
    executed: watch::Sender<bool>,
    /// True if the result must be read: a signal or the time says that the service may have ended.
    may_have_ended: bool,
}

impl Units {
    /// Connects to systemd and subscribes to its signals.
    pub async fn connect() -> Result<Self, Error> {
        let bus = Connection::system().await.map_err(Error::Bus)?;
        let manager = ManagerProxy::new(&bus).await.map_err(Error::Bus)?;
        manager.subscribe().await.map_err(Error::Bus)?;
        Ok(Self { bus, manager })
    }

    /// Waits for the end of the connection; without it no service can be watched.
    pub async fn disconnected(&self) {
        let mut all = MessageStream::from(&self.bus);
        while all.next().await.is_some_and(|message| message.is_ok()) {}
    }

    /// Subscribes to the signals of a service, which need not exist.
    pub async fn subscribe(&self, name: &str) -> Result<Signals, Error> {
        let failed = |source| Error::Call { action: "watch", unit: name.into(), source };
        let path = OwnedObjectPath::try_from(object_path(name)).map_err(failed)?;
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .interface("org.freedesktop.DBus.Properties")
            .member("PropertiesChanged")
            .path(path.clone().into_inner())
            .build()
            .map_err(failed)?;
        let stream = MessageStream::for_match_rule(rule, &self.bus, None);
        Ok(Signals { name: name.into(), path, stream: within(DEADLINE, "watch", name, stream).await? })
    }

    /// Starts the service of these signals. systemd keeps its unit until [`Running::release`], even if it ends at once.
    pub async fn start(&self, service: &Service, signals: Signals) -> Result<Running, Error> {
        let starting = self.manager.start_transient_unit(&signals.name, "fail", service.properties(), Vec::new());
        within(DEADLINE, "start", &signals.name, starting).await?;
        let executed = watch::Sender::new(false);
        Ok(Running { units: self.clone(), signals, executed, may_have_ended: false })
    }

    /// Lists the services with this prefix of a name; `true` beside a name: the service has ended.
    async fn list(&self, prefix: &str) -> Result<Vec<(String, bool)>, Error> {
        let pattern = format!("{prefix}*.service");
        let list = within(DEADLINE, "list", &pattern, self.manager.list_units_by_patterns(&[], &[&pattern])).await?;
        Ok(list.into_iter().map(|unit| (unit.0, matches!(unit.3.as_str(), "inactive" | "failed"))).collect())
    }

    /// Stops every process of a service, and does not wait for their end.
    async fn stop(&self, name: &str) -> Result<(), Error> {
        match within(DEADLINE, "stop", name, self.manager.stop_unit(name, "replace")).await {
            // The service has ended meanwhile.
            Err(Error::Call { source: zbus::Error::MethodError(kind, _, _), .. })
                if kind.as_str() == "org.freedesktop.systemd1.NoSuchUnit" =>
            {
                Ok(())
            }
            done => done.map(drop),
        }
    }

    /// Stops every service with this prefix of a name, waits for their end, and returns their names.
    pub async fn stop_all(&self, prefix: &str, deadline: Duration) -> Result<Vec<String>, Error> {
        let until = Instant::now() + deadline;
        let found: Vec<String> = self.list(prefix).await?.into_iter().map(|(name, _)| name).collect();
        for name in &found {
            self.stop(name).await?;
        }
        loop {
            let left = self.list(prefix).await?;
            let Some((unit, _)) = left.into_iter().find(|(_, has_ended)| !has_ended) else { break };
            if Instant::now() > until {
                return Err(Error::Stuck { unit });
            }
            // A poll is enough here: this runs once, at the start of a program.
            sleep(Duration::from_millis(20)).await;
        }
        for name in &found {
            // systemd keeps a failed unit otherwise.
            drop(self.manager.reset_failed_unit(name).await);
        }
        Ok(found)
    }
}

impl Running {
    /// The name of the unit.
    pub fn name(&self) -> &str {
        &self.signals.name
    }

    /// Stops the service: SIGTERM to every process, SIGKILL after `stop_timeout`.
    pub async fn stop(&mut self) -> Result<(), Error> {
        self.may_have_ended = true;
        self.units.stop(&self.signals.name).await
    }

    /// Waits until systemd has executed the command, or until [`ended`](Self::ended) returns. Completes only while `ended`
    /// is awaited too, which reads the signals.
    pub fn executed(&self) -> impl Future<Output = ()> + use<> {
        let mut executed = self.executed.subscribe();
        async move { drop(executed.wait_for(|executed| *executed).await) }
    }

    /// Waits until no process of the service is left. Cancel-safe.
    pub async fn ended(&mut self) -> Result<Exit, Error> {
        let mut outage_since = None;
        loop {
            // Not before: systemd is busy with the start, and a call would delay it.
            if !self.may_have_ended {
                self.changed().await;
                self.may_have_ended = true;
            }
            match self.exit().await {
                Ok(Some(exit)) => {
                    self.executed.send_replace(true);
                    return Ok(exit);
                }
                Ok(None) => {
                    outage_since = None;
                    self.may_have_ended = false;
                }
                // During `systemctl daemon-reexec` systemd does not answer, and its services run on.
                Err(error) => {
                    let since = *outage_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > OUTAGE {
                        return Err(error);
                    }
                    sleep(RETRY).await;
                }
            }
        }
    }

    /// Waits for a signal of an ended service, at most until the next poll.
    async fn changed(&mut self) {
        let poll = Instant::now() + POLL;
        while let Ok(signal) = timeout_at(poll, self.signals.stream.next()).await {
            // The stream ends with the connection; see `Units::disconnected`.
            let Some(signal) = signal else { return sleep(POLL).await };
            match signal.ok().and_then(active_state).as_deref() {
                Some("inactive" | "failed") => return,
                // A signal of another interface comes beside the one of the state.
                None | Some("activating") => {}
                Some(_) => drop(self.executed.send_replace(true)),
            }
        }
    }

    /// Reads the result; `None` while the service runs.
    async fn exit(&self) -> Result<Option<Exit>, Error> {
        let reading = async {
            let bus = &self.units.bus;
            let no_cache = zbus::proxy::CacheProperties::No;
            let unit =
                UnitProxy::builder(bus).path(self.signals.path.clone()).cache_properties(no_cache).build().await?;
            let state = unit.active_state().await?;
            if !matches!(state.as_str(), "inactive" | "failed") || unit.job().await?.0 != 0 {
                return Ok(None);
            }
            let service =
                ServiceProxy::builder(bus).path(self.signals.path.clone()).cache_properties(no_cache).build().await?;
            Ok(Some(Exit {
                result: service.result().await?,
                code: service.exec_main_code().await?,
                status: service.exec_main_status().await?,
                was_active: unit.active_enter_timestamp().await? != 0,
            }))
        };
        match within(DEADLINE, "watch", &self.signals.name, reading).await {
            Err(Error::Call { source, .. }) if is_gone(&source) => Ok(Some(Exit::lost())),
            found => found,
        }
    }

    /// True while the machine shuts down or restarts; systemd stops every service then.
    pub async fn is_shutdown(&self) -> bool {
        let state = within(DEADLINE, "tell its state to", &self.signals.name, self.units.manager.system_state()).await;
        state.is_ok_and(|state| state == "stopping")
    }

    /// Drops the reference to the unit, so that systemd unloads it.
    pub async fn release(self) {
        if let Err(error) = self.units.manager.unref_unit(&self.signals.name).await {
            tracing::debug!("{} was unloaded already: {error}", self.signals.name);
        }
    }
}

/// The state in a signal of a unit's properties; `None` in those of its other interfaces.
fn active_state(signal: Message) -> Option<String> {
    let signal = PropertiesChanged::from_message(signal)?;
    let changed = signal.args().ok()?;
    match changed.changed_properties().get("ActiveState")? {
        Variant::Str(state) => Some(state.as_str().to_owned()),
        _ => None,
    }
}

fn is_gone(error: &zbus::Error) -> bool {
    let name = match error {
        zbus::Error::MethodError(name, _, _) => name.as_str(),
        zbus::Error::FDO(error) => return matches!(**error, zbus::fdo::Error::UnknownObject(_)),
        _ => return false,
    };
    matches!(name, "org.freedesktop.DBus.Error.UnknownObject" | "org.freedesktop.systemd1.NoSuchUnit")
}

/// The object path of a unit on the bus.
fn object_path(name: &str) -> String {
    let mut path = String::from("/org/freedesktop/systemd1/unit/");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "_{byte:02x}");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_on_the_bus_where_systemd_puts_it() {
        assert_eq!(object_path("a-b.service"), "/org/freedesktop/systemd1/unit/a_2db_2eservice");
    }
}
