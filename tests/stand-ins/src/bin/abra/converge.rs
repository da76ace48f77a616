//! Waiting until a stack's services run as desired, within the app's timeout.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::docker;
use crate::fatal::{Fatal, info};

/// Timeout in seconds when the recipe's label sets none.
const DEFAULT_TIMEOUT: u64 = 50;

/// Interval between two requests to Docker.
const POLL_INTERVAL: Duration = Duration::from_millis(300);

/// Start of each service's last update: separates the updates of this deploy from older ones.
pub type Updates = BTreeMap<String, Value>;

pub fn updates(services: &[Value]) -> Updates {
    services.iter().map(|service| (name(service), service["UpdateStatus"]["StartedAt"].clone())).collect()
}

/// Result of one look at a stack.
#[derive(Debug, PartialEq, Eq)]
enum Look {
    Settled,
    Waiting,
    Failed,
}

/// Waits until the stack has settled. `before` holds the updates from before the deploy.
pub fn wait(stack: &str, before: &Updates) -> Result<(), Fatal> {
    let timeout = timeout(stack)?;
    info(&format!("initialising deployment 🚀 (timeout: {timeout}s)"));
    let until = Instant::now() + Duration::from_secs(timeout);
    let mut settled_before = false;
    loop {
        let services = docker::services(stack)?;
        let looks = services.iter().map(|service| look(service, before)).collect::<Result<Vec<_>, _>>()?;
        if looks.contains(&Look::Failed) {
            return Err(Fatal::new("deploy failed 🛑"));
        }
        let settled = looks.iter().all(|look| *look == Look::Settled);
        // Two looks in a row: Swarm begins an update a moment after it has accepted it.
        if settled && settled_before {
            info("deploy succeeded 🟢");
            return Ok(());
        }
        settled_before = settled;
        if Instant::now() >= until {
            return Err(Fatal::new("deploy timed out 🟠"));
        }
        thread::sleep(POLL_INTERVAL);
    }
}

fn look(service: &Value, before: &Updates) -> Result<Look, Fatal> {
    let status = &service["UpdateStatus"];
    let is_ours = before.get(&name(service)) != Some(&status["StartedAt"]);
    match status["State"].as_str().unwrap_or_default() {
        "updating" | "rollback_started" => return Ok(Look::Waiting),
        "paused" | "rollback_paused" | "rollback_completed" if is_ours => return Ok(Look::Failed),
        _ => {}
    }
    let running = |task: &&Value| task["Status"]["State"] == "running";
    let running = docker::tasks(&name(service))?.iter().filter(running).count() as u64;
    let wanted = service["Spec"]["Mode"]["Replicated"]["Replicas"].as_u64().unwrap_or(1);
    Ok(if running >= wanted { Look::Settled } else { Look::Waiting })
}

/// The timeout that the label on `app` sets.
fn timeout(stack: &str) -> Result<u64, Fatal> {
    let label = format!("coop-cloud.{stack}.timeout");
    let services = docker::services(stack)?;
    let label = services.iter().find_map(|service| service["Spec"]["Labels"][&label].as_str().map(str::to_owned));
    match label.filter(|value| !value.is_empty()) {
        None => Ok(DEFAULT_TIMEOUT),
        Some(value) => value.parse().map_err(|_| Fatal::new(format!("timeout label {value:?}: not a number"))),
    }
}

fn name(service: &Value) -> String {
    service["Spec"]["Name"].as_str().unwrap_or_default().to_owned()
}
