//! What is worth showing: the app's own facts, the repository, the runner.

use base::fact::Fact;

use serde_json::json;

use crate::RECIPE;
use crate::desired::Desired;
use crate::observed::{Inputs, Observed, Runner, Server};

/// The facts of what was observed.
pub fn facts(desired: &Desired, observed: &Observed) -> Vec<Fact> {
    let mut facts = recipe::facts(RECIPE, &desired.recipe, &observed.app);
    if let Server::Accepts { repository: Some(repository), .. } = &observed.drone {
        let name = &desired.repository.name;
        facts.push(Fact::new("repository", json!({ "name": name, "active": repository.active })));
    }
    if let (Some(declared), Some(Runner::Unit(runner))) = (&desired.runner, &observed.runner) {
        let seen = json!({ "unit": runner.active, "connected": runner.is_connected });
        let fact = Fact::new("runner", seen).in_status(format!("runner {}", runner.active));
        let does_not_say = runner.active == "active" && runner.inputs == Inputs::Unknown;
        // systemd waits to start it once more: nobody ordered that, so there is no job.
        let ended_by_itself = runner.active == "activating" && !runner.has_job;
        facts.push(if does_not_say {
            fact.warn(
                format!("{} does not say what it was started with, so nobody knows whether it is stale", declared.unit),
                format!("see {}; `systemctl restart {}`", declared.status.display(), declared.unit),
            )
        } else if ended_by_itself {
            fact.warn(
                format!("{} ended by itself, and systemd starts it again and again", declared.unit),
                format!("see `journalctl --unit {}`", declared.unit),
            )
        } else {
            fact
        });
    }
    facts
}
