//! The facts for the report: those of the app, the repository, the runner.

use base::fact::Fact;

use serde_json::json;

use crate::RECIPE;
use crate::desired::Desired;
use crate::observed::{DroneState, Observed, RunnerConfiguration, RunnerState};

/// The facts of an observation.
pub fn facts(desired: &Desired, observed: &Observed) -> Vec<Fact> {
    let mut facts = recipe::facts(RECIPE, &desired.recipe, &observed.app);
    if let DroneState::Accepts { repository: Some(repository), .. } = &observed.drone {
        let name = &desired.repository.name;
        facts.push(Fact::new("repository", json!({ "name": name, "active": repository.active })));
    }
    if let (Some(declared), Some(RunnerState::Unit(runner))) = (&desired.runner, &observed.runner) {
        let seen = json!({ "unit": runner.active, "connected": runner.is_connected });
        let fact = Fact::new("runner", seen).in_status(format!("runner {}", runner.active));
        let is_unknown = runner.active == "active" && runner.inputs == RunnerConfiguration::Unknown;
        // systemd waits before an automatic restart: there is no job meanwhile.
        let is_crashing = runner.active == "activating" && !runner.has_job;
        facts.push(if is_unknown {
            fact.warn(
                format!(
                    "the status file of {} has no configuration hash, so a needed restart cannot be detected",
                    declared.unit
                ),
                format!("see {}; `systemctl restart {}`", declared.status.display(), declared.unit),
            )
        } else if is_crashing {
            fact.warn(
                format!("{} exits by itself, and systemd restarts it each time", declared.unit),
                format!("see `journalctl --unit {}`", declared.unit),
            )
        } else {
            fact
        });
    }
    facts
}
