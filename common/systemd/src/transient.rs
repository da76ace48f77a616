//! Steps as transient systemd services: started, watched to their end by signals, and stopped with all they started.

mod ended;
mod proxy;
mod unit;

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, sleep, timeout};
use zbus::message::Type;
use zbus::{Connection, MatchRule, MessageStream, OwnedObjectPath};

pub use ended::Ended;
use proxy::{ManagerProxy, ServiceProxy, UnitProxy};
pub use unit::Unit;

use base::error::{Class, Explain};

/// How long systemd may take to take an order.
const PATIENCE: Duration = Duration::from_secs(30);

/// A signal may be lost while systemd executes itself anew; so a look now and then.
const LOOK: Duration = Duration::from_secs(10);

/// How long systemd may be away.
const SILENCE: Duration = Duration::from_mins(1);

/// When it is asked again.
const AGAIN: Duration = Duration::from_millis(200);

/// Why a unit could not be had, or be watched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bus is not there.
    #[error("systemd cannot be reached over D-Bus")]
    Bus(#[source] zbus::Error),
    /// systemd did not do it.
    #[error("systemd cannot {what} {unit}")]
    Call {
        /// What it was to do.
        what: &'static str,
        /// With which unit.
        unit: String,
        /// Why not.
        source: zbus::Error,
    },
    /// It did not answer.
    #[error("systemd did not {what} {unit} within {} s", PATIENCE.as_secs())]
    Deadline {
        /// What it was to do.
        what: &'static str,
        /// With which unit.
        unit: String,
    },
    /// It is still there after it was stopped.
    #[error("{unit} does not end")]
    Stuck {
        /// Which unit.
        unit: String,
    },
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Bus(_) => Class::Blocked,
            Self::Call { .. } | Self::Stuck { .. } => Class::Failed,
            Self::Deadline { .. } => Class::Transient,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Bus(_) => "steps are transient systemd services, and only root may start them: run it as root, on a \
                             machine whose PID 1 is systemd"
                .into(),
            Self::Call { unit, .. } | Self::Deadline { unit, .. } | Self::Stuck { unit } => {
                format!("see `journalctl -u {unit}`")
            }
        })
    }
}

/// systemd, as far as units of steps go.
#[derive(Debug, Clone)]
pub struct Units {
    bus: Connection,
    manager: ManagerProxy<'static>,
}

/// A step's unit.
#[derive(Debug)]
pub struct Running {
    units: Units,
    name: String,
    path: OwnedObjectPath,
    signals: MessageStream,
    /// It has only just been asked for: every change of it is still to come, as a signal.
    is_new: bool,
}

impl Units {
    /// Connects to systemd, and has it send its signals.
    pub async fn connect() -> Result<Self, Error> {
        let bus = Connection::system().await.map_err(Error::Bus)?;
        let manager = ManagerProxy::new(&bus).await.map_err(Error::Bus)?;
        manager.subscribe().await.map_err(Error::Bus)?;
        Ok(Self { bus, manager })
    }

    /// Ends when the connection does; without it no step can be watched.
    pub async fn lost(&self) {
        let mut all = MessageStream::from(&self.bus);
        while all.next().await.is_some_and(|message| message.is_ok()) {}
    }

    /// Starts a unit. It is there until [`Running::ended`] has been told of its end, even if it ends at once.
    pub async fn start(&self, unit: &Unit) -> Result<Running, Error> {
        let name = unit.name.clone();
        let failed = |source| Error::Call { what: "start", unit: name.clone(), source };
        let path = OwnedObjectPath::try_from(object_path(&name)).map_err(failed)?;
        // Heard from before it is there, so that nothing of it is missed.
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .interface("org.freedesktop.DBus.Properties")
            .member("PropertiesChanged")
            .path(path.clone().into_inner())
            .build()
            .map_err(failed)?;
        let starting = async {
            let signals = MessageStream::for_match_rule(rule, &self.bus, None).await?;
            self.manager.start_transient_unit(&name, "fail", unit.properties(), Vec::new()).await?;
            Ok(signals)
        };
        let signals = within("start", &name, starting).await?;
        Ok(Running { units: self.clone(), path, signals, name, is_new: true })
    }

    /// The units whose names begin so, with whether they are at their end.
    pub async fn with_beginning(&self, beginning: &str) -> Result<Vec<(String, bool)>, Error> {
        let pattern = format!("{beginning}*.service");
        let list = within("list", &pattern, self.manager.list_units_by_patterns(&[], &[&pattern])).await?;
        Ok(list.into_iter().map(|unit| (unit.0, matches!(unit.3.as_str(), "inactive" | "failed"))).collect())
    }

    /// Stops a unit and all it has started; the end is to be waited for.
    pub async fn stop(&self, name: &str) -> Result<(), Error> {
        match within("stop", name, self.manager.stop_unit(name, "replace")).await {
            // Gone meanwhile.
            Err(Error::Call { source: zbus::Error::MethodError(kind, _, _), .. })
                if kind.as_str() == "org.freedesktop.systemd1.NoSuchUnit" =>
            {
                Ok(())
            }
            done => done.map(drop),
        }
    }

    /// Stops every unit whose name begins so, and waits for their end; gives their names.
    pub async fn clear(&self, beginning: &str, within: Duration) -> Result<Vec<String>, Error> {
        let deadline = Instant::now() + within;
        let found: Vec<String> = self.with_beginning(beginning).await?.into_iter().map(|(name, _)| name).collect();
        for name in &found {
            self.stop(name).await?;
        }
        loop {
            let left = self.with_beginning(beginning).await?;
            let Some((unit, _)) = left.into_iter().find(|(_, is_over)| !is_over) else { break };
            if Instant::now() > deadline {
                return Err(Error::Stuck { unit });
            }
            // Nobody's step waits for this: it is done once, when the runner starts.
            sleep(Duration::from_millis(20)).await;
        }
        for name in &found {
            // One that failed and is kept for us would stay.
            drop(self.manager.reset_failed_unit(name).await);
        }
        Ok(found)
    }
}

impl Running {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Has systemd stop it: SIGTERM to every process of it, SIGKILL some time later.
    pub async fn stop(&self) -> Result<(), Error> {
        self.units.stop(&self.name).await
    }

    /// Waits until no process of it is left. May be dropped and called again.
    pub async fn ended(&mut self) -> Result<Ended, Error> {
        let mut silent_since = None;
        // systemd is busy with starting it; looking now would only be in its way.
        if std::mem::take(&mut self.is_new) {
            self.changed().await;
        }
        loop {
            match self.look().await {
                Ok(Some(ended)) => return Ok(ended),
                Ok(None) => silent_since = None,
                // systemd that executes itself anew is away for a moment; its units are not.
                Err(error) => {
                    let since = *silent_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > SILENCE {
                        return Err(error);
                    }
                    sleep(AGAIN).await;
                    continue;
                }
            }
            self.changed().await;
        }
    }

    /// Waits for a signal of it, or as long as there may be none.
    async fn changed(&mut self) {
        // A connection that is lost ends the runner; until then a look now and then does no harm.
        if let Ok(None) = timeout(LOOK, self.signals.next()).await {
            sleep(LOOK).await;
        }
    }

    async fn look(&self) -> Result<Option<Ended>, Error> {
        let looking = async {
            let bus = &self.units.bus;
            let no_cache = zbus::proxy::CacheProperties::No;
            let unit = UnitProxy::builder(bus).path(self.path.clone()).cache_properties(no_cache).build().await?;
            let state = unit.active_state().await?;
            if !matches!(state.as_str(), "inactive" | "failed") || unit.job().await?.0 != 0 {
                return Ok(None);
            }
            let service = ServiceProxy::builder(bus).path(self.path.clone()).cache_properties(no_cache).build().await?;
            Ok(Some(Ended {
                result: service.result().await?,
                code: service.exec_main_code().await?,
                status: service.exec_main_status().await?,
                was_active: unit.active_enter_timestamp().await? != 0,
            }))
        };
        match within("watch", &self.name, looking).await {
            Err(Error::Call { source, .. }) if is_gone(&source) => Ok(Some(Ended::lost())),
            found => found,
        }
    }

    /// Lets go of the unit, so that systemd forgets it.
    pub async fn release(self) {
        if let Err(error) = self.units.manager.unref_unit(&self.name).await {
            tracing::debug!("{} was gone already: {error}", self.name);
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

async fn within<T>(what: &'static str, unit: &str, call: impl Future<Output = zbus::Result<T>>) -> Result<T, Error> {
    match timeout(PATIENCE, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(source)) => Err(Error::Call { what, unit: unit.into(), source }),
        Err(_) => Err(Error::Deadline { what, unit: unit.into() }),
    }
}

/// Where systemd puts a unit on the bus.
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
