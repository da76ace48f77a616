//! Units that others declared: their state, their start.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::timeout;
use zbus::Connection;

use crate::Error;
use crate::bus::{ManagerProxy, ServiceProxy, UnitProxy, within};

/// The deadline of a call.
const DEADLINE: Duration = Duration::from_secs(2);

/// The state of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// `loaded`, `not-found`, `masked`, `bad-setting`, `error`.
    pub load: String,
    /// `active`, `inactive`, `failed`, `activating`, `deactivating`.
    pub active: String,
    /// True while a start, stop or restart is queued or running.
    pub has_job: bool,
    /// The program of the next start; `None` for a unit without one.
    pub program: Option<PathBuf>,
}

/// Reads the state of a unit.
pub async fn state(name: &str) -> Result<State, Error> {
    within(DEADLINE, "report the state of", name, async {
        let bus = Connection::system().await?;
        let path = ManagerProxy::new(&bus).await?.load_unit(name).await?;
        let unit = UnitProxy::builder(&bus).path(path.clone()).build().await?;
        let service = ServiceProxy::builder(&bus).path(path).build().await?;
        // A unit that is not loaded is no service.
        let programs = service.exec_start().await.unwrap_or_default();
        Ok(State {
            load: unit.load_state().await?,
            active: unit.active_state().await?,
            has_job: unit.job().await?.0 != 0,
            program: programs.into_iter().next().map(|(path, ..)| path.into()),
        })
    })
    .await
}

/// Queues the start of a unit, and does not wait for it.
pub async fn start(name: &str) -> Result<(), Error> {
    within(DEADLINE, "start", name, async {
        let bus = Connection::system().await?;
        ManagerProxy::new(&bus).await?.start_unit(name, "replace").await.map(drop)
    })
    .await
}

/// Queues the restart of a unit, and does not wait for it.
pub async fn restart(name: &str) -> Result<(), Error> {
    within(DEADLINE, "restart", name, async {
        let bus = Connection::system().await?;
        ManagerProxy::new(&bus).await?.restart_unit(name, "replace").await.map(drop)
    })
    .await
}

/// The active state of a unit with its status line: `failed: blocked · live-restore is on`. `None` if systemd does not
/// answer or does not know the unit: use it only to make an error clearer, never to decide.
pub async fn summary(name: &str) -> Option<String> {
    let read = async {
        let bus = Connection::system().await.ok()?;
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
    timeout(DEADLINE, read).await.ok().flatten()
}
