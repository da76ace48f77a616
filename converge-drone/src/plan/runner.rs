//! The runner on this host: started, with the present inputs. The plan never waits for it: a build may take an hour.

use base::plan::Plan;

use crate::change::Change;
use crate::desired::Desired;
use crate::observed::{Observed, RunnerConfiguration, RunnerState};

/// The reason why systemd cannot start the unit, with a hint.
fn load_problem(unit: &str, load: &str) -> Option<(String, String)> {
    match load {
        "loaded" => None,
        "not-found" => Some((
            format!("there is no unit {unit}"),
            "enable services.converge.drone.runner, or take runner out of the configuration".into(),
        )),
        "masked" => Some((format!("{unit} is masked"), format!("systemctl unmask {unit}"))),
        other => Some((format!("{unit} cannot be loaded ({other})"), format!("systemd-analyze verify {unit}"))),
    }
}

/// Plans the start of the runner, or the restart of one with old inputs, once Drone has the same secret.
pub fn plan(desired: &Desired, observed: &Observed, is_deployed: bool, plan: &mut Plan<Change>) {
    let (Some(declared), Some(runner)) = (&desired.runner, &observed.runner) else { return };
    let unit = &declared.unit;
    let runner = match runner {
        RunnerState::Unit(runner) => runner,
        RunnerState::Unknown { reason, hint } => {
            return plan.block(format!("unit/{unit}"), reason.clone(), hint.clone());
        }
    };
    if let Some((reason, hint)) = load_problem(unit, &runner.load) {
        plan.block(format!("unit/{unit}"), reason, hint);
        return;
    }
    if runner.has_job {
        return;
    }
    let restart = match runner.active.as_str() {
        "inactive" | "failed" => false,
        "active" if runner.inputs == RunnerConfiguration::Other && is_deployed => true,
        _ => return,
    };
    if observed.done.runner_started {
        if !restart {
            plan.block(
                format!("unit/{unit}"),
                format!("{unit} was started and is {} again", runner.active),
                format!("see `systemctl status {unit}` and `journalctl --unit {unit}`"),
            );
        }
        return;
    }
    plan.sequence("runner", vec![Change::StartRunner { unit: unit.clone(), restart }]);
}

/// Plans the end of the stages that the runner lost.
pub fn end_lost(observed: &Observed, plan: &mut Plan<Change>) {
    for stage in &observed.lost_stages {
        plan.sequence(format!("stage/{stage}"), vec![Change::EndStage { stage: *stage }]);
    }
}
