//! The D-Bus interfaces of systemd, and the deadline of a call.

use std::time::Duration;

use tokio::time::timeout;
use zbus::{OwnedObjectPath, Variant};

use crate::Error;

/// One row of `ListUnitsByPatterns`: name, description, load state, active state, and six more.
pub type Listed = (String, String, String, String, String, String, OwnedObjectPath, u32, String, OwnedObjectPath);

/// One program of a service's `ExecStart`.
pub type Executed = (String, Vec<String>, bool, u64, u64, u64, u64, u32, i32, i32);

/// The properties of a unit, by name.
pub type Properties<'a> = Vec<(&'a str, Variant<'a>)>;

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
pub trait Manager {
    fn subscribe(&self) -> zbus::Result<()>;
    fn load_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn restart_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn start_transient_unit(
        &self,
        name: &str,
        mode: &str,
        properties: Properties<'_>,
        auxiliary: Vec<(&str, Properties<'_>)>,
    ) -> zbus::Result<OwnedObjectPath>;
    fn stop_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn unref_unit(&self, name: &str) -> zbus::Result<()>;
    fn reset_failed_unit(&self, name: &str) -> zbus::Result<()>;
    /// `running`, `degraded`, `stopping`, …; systemd announces no change of it.
    #[zbus(property(emits_changed_signal = "false"))]
    fn system_state(&self) -> zbus::Result<String>;
    fn list_units_by_patterns(&self, states: &[&str], patterns: &[&str]) -> zbus::Result<Vec<Listed>>;
}

#[zbus::proxy(interface = "org.freedesktop.systemd1.Unit", default_service = "org.freedesktop.systemd1")]
pub trait Unit {
    /// The unit's own name, not an alias.
    #[zbus(property)]
    fn id(&self) -> zbus::Result<String>;
    /// Name and words of the error that kept the unit from being loaded; both empty without one.
    #[zbus(property)]
    fn load_error(&self) -> zbus::Result<(String, String)>;
    #[zbus(property)]
    fn sub_state(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn state_change_timestamp(&self) -> zbus::Result<u64>;
    #[zbus(property)]
    fn load_state(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn active_state(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn job(&self) -> zbus::Result<(u32, OwnedObjectPath)>;
    #[zbus(property)]
    fn active_enter_timestamp(&self) -> zbus::Result<u64>;
}

#[zbus::proxy(interface = "org.freedesktop.systemd1.Service", default_service = "org.freedesktop.systemd1")]
pub trait Service {
    /// Programs to start: path, arguments, and eight facts about the last start.
    #[zbus(property)]
    fn exec_start(&self) -> zbus::Result<Vec<Executed>>;
    #[zbus(property)]
    fn status_text(&self) -> zbus::Result<String>;
    #[zbus(property, name = "NRestarts")]
    fn n_restarts(&self) -> zbus::Result<u32>;
    /// Names and paths.
    #[zbus(property)]
    fn load_credential(&self) -> zbus::Result<Vec<(String, String)>>;
    #[zbus(property)]
    fn result(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn exec_main_code(&self) -> zbus::Result<i32>;
    #[zbus(property)]
    fn exec_main_status(&self) -> zbus::Result<i32>;
}

/// Waits for a call until its deadline. `action` and `unit` name it in errors.
pub async fn within<T>(
    deadline: Duration,
    action: &'static str,
    unit: &str,
    call: impl Future<Output = zbus::Result<T>>,
) -> Result<T, Error> {
    match timeout(deadline, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(source)) => Err(Error::Call { action, unit: unit.into(), source }),
        Err(_) => Err(Error::Deadline { action, unit: unit.into(), deadline }),
    }
}
