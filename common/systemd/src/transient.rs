//! Transient services: their start, their end by signals of D-Bus, and their stop with every process of theirs.

mod service;

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, sleep, timeout};
use zbus::message::Type;
use zbus::{Connection, MatchRule, MessageStream, OwnedObjectPath};

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

/// A started transient service.
#[derive(Debug)]
pub struct Running {
    units: Units,
    name: String,
    path: OwnedObjectPath,
    signals: MessageStream,
    /// True until the first signal: the start has just been queued.
    is_new: bool,
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

    /// Starts a service. systemd keeps its unit until [`Running::release`], even if it ends at once.
    pub async fn start(&self, service: &Service) -> Result<Running, Error> {
        let name = service.name.clone();
        let failed = |source| Error::Call { action: "start", unit: name.clone(), source };
        let path = OwnedObjectPath::try_from(object_path(&name)).map_err(failed)?;
        // Subscribed before the start, so that no signal is missed.
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .interface("org.freedesktop.DBus.Properties")
            .member("PropertiesChanged")
            .path(path.clone().into_inner())
            .build()
            .map_err(failed)?;
        let starting = async {
            let signals = MessageStream::for_match_rule(rule, &self.bus, None).await?;
            self.manager.start_transient_unit(&name, "fail", service.properties(), Vec::new()).await?;
            Ok(signals)
        };
        let signals = within(DEADLINE, "start", &name, starting).await?;
        Ok(Running { units: self.clone(), path, signals, name, is_new: true })
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
        &self.name
    }

    /// Stops the service: SIGTERM to every process, SIGKILL after `stop_timeout`.
    pub async fn stop(&self) -> Result<(), Error> {
        self.units.stop(&self.name).await
    }

    /// Waits until no process of the service is left. Cancel-safe.
    pub async fn ended(&mut self) -> Result<Exit, Error> {
        let mut outage_since = None;
        // systemd is busy with the start; a call now would only delay it.
        if std::mem::take(&mut self.is_new) {
            self.changed().await;
        }
        loop {
            match self.exit().await {
                Ok(Some(exit)) => return Ok(exit),
                Ok(None) => outage_since = None,
                // During `systemctl daemon-reexec` systemd does not answer, and its services run on.
                Err(error) => {
                    let since = *outage_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > OUTAGE {
                        return Err(error);
                    }
                    sleep(RETRY).await;
                    continue;
                }
            }
            self.changed().await;
        }
    }

    /// Waits for a signal, at most until the next poll.
    async fn changed(&mut self) {
        // The stream ends with the connection; see `Units::disconnected`.
        if let Ok(None) = timeout(POLL, self.signals.next()).await {
            sleep(POLL).await;
        }
    }

    /// Reads the result; `None` while the service runs.
    async fn exit(&self) -> Result<Option<Exit>, Error> {
        let reading = async {
            let bus = &self.units.bus;
            let no_cache = zbus::proxy::CacheProperties::No;
            let unit = UnitProxy::builder(bus).path(self.path.clone()).cache_properties(no_cache).build().await?;
            let state = unit.active_state().await?;
            if !matches!(state.as_str(), "inactive" | "failed") || unit.job().await?.0 != 0 {
                return Ok(None);
            }
            let service = ServiceProxy::builder(bus).path(self.path.clone()).cache_properties(no_cache).build().await?;
            Ok(Some(Exit {
                result: service.result().await?,
                code: service.exec_main_code().await?,
                status: service.exec_main_status().await?,
                was_active: unit.active_enter_timestamp().await? != 0,
            }))
        };
        match within(DEADLINE, "watch", &self.name, reading).await {
            Err(Error::Call { source, .. }) if is_gone(&source) => Ok(Some(Exit::lost())),
            found => found,
        }
    }

    /// True while the machine shuts down or restarts; systemd stops every service then.
    pub async fn is_shutdown(&self) -> bool {
        let state = within(DEADLINE, "tell its state to", &self.name, self.units.manager.system_state()).await;
        state.is_ok_and(|state| state == "stopping")
    }

    /// Drops the reference to the unit, so that systemd unloads it.
    pub async fn release(self) {
        if let Err(error) = self.units.manager.unref_unit(&self.name).await {
            tracing::debug!("{} was unloaded already: {error}", self.name);
        }
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
