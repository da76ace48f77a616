//! What a converger tells systemd, and what it asks it.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::timeout;
use zbus::OwnedObjectPath;

/// How long systemd may take to answer a question that only makes an error clearer.
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
}

#[zbus::proxy(interface = "org.freedesktop.systemd1.Unit", default_service = "org.freedesktop.systemd1")]
trait Unit {
    #[zbus(property)]
    fn load_state(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn active_state(&self) -> zbus::Result<String>;
}

#[zbus::proxy(interface = "org.freedesktop.systemd1.Service", default_service = "org.freedesktop.systemd1")]
trait Service {
    #[zbus(property)]
    fn status_text(&self) -> zbus::Result<String>;
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
