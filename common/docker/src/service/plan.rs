//! Plans a service of our own. Pure.
//!
//! In the order of dependence: image, secrets, network and paths ([`parts`]), then the service. With nothing to change: the
//! wait until it settles and answers, then the removal of superseded secrets and images.

mod parts;

use super::compare::differences;
use super::observed::{HealthProbe, Image, LiveService, Observed};
use super::{Change, ServiceGoal, Spec, change};
use crate::secret;
use crate::settled::Update;
use base::plan::Plan;

pub(super) use parts::uses;

/// Plans.
pub fn plan(goal: &ServiceGoal, observed: &Observed) -> Plan<Change> {
    let mut plan = Plan::empty();
    if let Some(why) = &observed.no_swarm {
        plan.block("swarm", format!("there is no swarm to deploy to: {why}"), "see converge-swarm.service");
        return plan;
    }
    let image = parts::image(goal, observed, &mut plan);
    let secrets = parts::secrets(goal, observed, &mut plan);
    let network = parts::network(goal, observed, &mut plan);
    let has_paths = parts::has_paths(goal, observed, &mut plan);
    if let (Some(image), Some(secrets), Some(network), true) = (image, secrets, network, has_paths) {
        let contents = parts::contents(goal, observed);
        let spec = Spec { contents, ..goal.spec(&image, secrets, network, observed.api) };
        match &observed.service {
            None => plan.sequence("service", vec![Change::CreateService { spec }]),
            Some(service) => {
                if service.spec.mode.as_ref().is_none_or(|mode| mode.replicated.is_none()) {
                    let remove = Change::RemoveService { name: spec.name.clone(), id: service.id.clone() };
                    plan.sequence("service", vec![remove, Change::CreateService { spec }]);
                    return plan;
                }
                let because = reasons(&differences(&spec.to_docker(), &service.spec), service, observed.changed);
                if because.is_empty() {
                    at_rest(goal, observed, service, &mut plan);
                } else if observed.changed && service.tasks.were_rolled_back() {
                    // Never a success, even if the previous spec runs again.
                    plan.wait(
                        format!("{} to stay up as declared", goal.program),
                        service.tasks.to_string(),
                        hint(goal),
                    );
                } else {
                    let forced = service.spec.task_template.as_ref().and_then(|template| template.force_update);
                    let of = change::SpecVersion { id: service.id.clone(), index: service.version, forced };
                    plan.sequence("service", vec![Change::UpdateService { spec, because, of }]);
                }
            }
        }
    }
    plan
}

/// Returns the reasons to update the service.
fn reasons(differences: &[String], service: &LiveService, changed: bool) -> Vec<String> {
    let mut because = differences.to_vec();
    let tasks = &service.tasks;
    // Only another update continues a paused one.
    let has_stopped = matches!(tasks.update, Update::Paused | Update::RollbackPaused) && tasks.running < tasks.wanted;
    if has_stopped && !changed {
        because.push("its last update stopped after a failure".into());
    }
    because
}

/// With nothing to change: waits until the service is healthy, then removes superseded objects.
fn at_rest(goal: &ServiceGoal, observed: &Observed, service: &LiveService, plan: &mut Plan<Change>) {
    if !service.tasks.are_settled() {
        plan.wait(format!("{} to settle", goal.program), service.tasks.to_string(), hint(goal));
        return;
    }
    match &observed.health {
        HealthProbe::Healthy => plan.sequence("superseded", superseded(goal, observed)),
        HealthProbe::NotRunning => plan.wait(well(goal), "nothing runs that could be asked", hint(goal)),
        HealthProbe::Unhealthy { reason, hint, may_pass: true } => plan.wait(well(goal), reason.clone(), hint.clone()),
        HealthProbe::Unhealthy { reason, hint, may_pass: false } => {
            plan.block(goal.program, reason.clone(), hint.clone());
        }
    }
}

fn well(goal: &ServiceGoal) -> String {
    format!("{} to answer at https://{}/healthz", goal.program, goal.domain)
}

/// The commands that tell more about a service that does not become healthy.
fn hint(goal: &ServiceGoal) -> String {
    let name = goal.program;
    format!("`docker service ps --no-trunc {name}` and `docker service logs {name}` tell more")
}

/// Returns the removals of our unused secrets and images. Keeps all of a kind while its credential is unusable.
fn superseded(goal: &ServiceGoal, observed: &Observed) -> Vec<Change> {
    let mut changes = Vec::new();
    for (kind, there) in &observed.secrets {
        let current = secret::usable(there).map(|secret| secret.number);
        if goal.secrets.contains(&kind.as_str()) && current.is_none() {
            continue;
        }
        let old = secret::superseded(there, current, |name| uses(observed, name));
        changes.extend(old.map(|secret| Change::RemoveSecret { name: secret.name.clone(), id: secret.id.clone() }));
    }
    if let Image::Loaded { tag: current, .. } = &observed.image {
        let old = observed.images.keys().filter(|tag| *tag != current);
        changes.extend(old.map(|tag| Change::RemoveImage { tag: tag.clone() }));
    }
    changes
}
