//! systemd: the status line of this process, units over D-Bus, and transient services ([`transient`]).

pub mod transient;

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::timeout;
use zbus::OwnedObjectPath;

use base::error::{Class, Explain};

/// How long systemd may take to answer a question, or to take an order.
const PATIENCE: Duration = Duration::from_secs(2);

/// Sets the line that `systemctl status` shows. Without systemd it does nothing.
pub fn status(line: &str) {
    if std::env::var_os("NOTIFY_SOCKET").is_some()
        && let Err(error) = sd_notify::notify(&[NotifyState::Status(line)])
    {
        tracing::debug!("cannot tell systemd the status: {error}");
    }
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
trait Manager {
    fn load_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn restart_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
}

#[zbus::proxy(interface = "org.freedesktop.systemd1.Unit", default_service = "org.freedesktop.systemd1")]
trait Unit {
    #[zbus(property)]
    fn load_state(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn active_state(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn job(&self) -> zbus::Result<(u32, OwnedObjectPath)>;
}

#[zbus::proxy(interface = "org.freedesktop.systemd1.Service", default_service = "org.freedesktop.systemd1")]
trait Service {
    #[zbus(property)]
    fn status_text(&self) -> zbus::Result<String>;
}

/// systemd could not be asked, or did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The call failed.
    #[error("systemd cannot {what}")]
    Call {
        /// What it was to do.
        what: String,
        /// Why not.
        source: zbus::Error,
    },
    /// It did not answer.
    #[error("systemd did not {what} within {} s", PATIENCE.as_secs())]
    Deadline {
        /// What it was to do.
        what: String,
    },
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Call { .. } => Class::Failed,
            Self::Deadline { .. } => Class::Transient,
        }
    }

    fn hint(&self) -> Option<String> {
        Some("see `journalctl --boot --priority=err`; `busctl status org.freedesktop.systemd1` tells whether systemd answers".into())
    }
}

/// How a unit is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// `loaded`, `not-found`, `masked`, `bad-setting`, `error`.
    pub load: String,
    /// `active`, `inactive`, `failed`, `activating`, `deactivating`.
    pub active: String,
    /// Whether a start, stop or restart is queued or under way.
    pub has_job: bool,
}

/// How a unit is doing.
pub async fn state(name: &str) -> Result<State, Error> {
    within(format!("say how {name} is doing"), async {
        let bus = zbus::Connection::system().await?;
        let path = ManagerProxy::new(&bus).await?.load_unit(name).await?;
        let unit = UnitProxy::builder(&bus).path(path).build().await?;
        Ok(State {
            load: unit.load_state().await?,
            active: unit.active_state().await?,
            has_job: unit.job().await?.0 != 0,
        })
    })
    .await
}

/// Queues the start of a unit, or its restart, and does not wait for it.
pub async fn start(name: &str, restart: bool) -> Result<(), Error> {
    let verb = if restart { "restart" } else { "start" };
    within(format!("{verb} {name}"), async {
        let bus = zbus::Connection::system().await?;
        let manager = ManagerProxy::new(&bus).await?;
        let job = if restart {
            manager.restart_unit(name, "replace").await
        } else {
            manager.start_unit(name, "replace").await
        };
        job.map(drop)
    })
    .await
}

async fn within<T>(what: String, call: impl Future<Output = zbus::Result<T>>) -> Result<T, Error> {
    match timeout(PATIENCE, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(source)) => Err(Error::Call { what, source }),
        Err(_) => Err(Error::Deadline { what }),
    }
}

/// How a unit is doing, as its own words: `failed: blocked · live-restore is on`. `None` when systemd cannot be asked
/// or does not know the unit, so it may only make an error clearer, never decide anything.
pub async fn unit_in_words(name: &str) -> Option<String> {
    let asking = async {
        let bus = zbus::Connection::system().await.ok()?;
        let path = ManagerProxy::new(&bus).await.ok()?.load_unit(name).await.ok()?;
        let unit = UnitProxy::builder(&bus).path(path.clone()).build().await.ok()?;
        if unit.load_state().await.ok()? != "loaded" {
            return None;
        }
        let state = unit.active_state().await.ok()?;
        let service = ServiceProxy::builder(&bus).path(path).build().await.ok()?;
        match service.status_text().await {
            Ok(text) if !text.is_empty() => Some(format!("{state}: {text}")),
            _ => Some(state),
        }
    };
    timeout(PATIENCE, asking).await.ok().flatten()
}
