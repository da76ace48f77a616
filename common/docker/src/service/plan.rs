//! Plans a service of our own. Pure.
//!
//! In the order of dependence: image, secrets, network and paths ([`parts`]), then the service. With nothing to change: the
//! wait until it settles and answers, then the removal of superseded secrets and images.

mod parts;

use super::compare::differences;
use super::observed::{Answer, Image, Observed, Service};
use super::{Change, Wanted, change};
use crate::secret;
use crate::settled::Update;
use base::plan::Plan;

/// Plans.
pub fn plan(wanted: &Wanted, observed: &Observed) -> Plan<Change> {
    let mut plan = Plan::empty();
    if let Some(why) = &observed.no_swarm {
        plan.block("swarm", format!("there is no swarm to deploy to: {why}"), "see converge-swarm.service");
        return plan;
    }
    let image = parts::image(wanted, observed, &mut plan);
    let secrets = parts::secrets(wanted, observed, &mut plan);
    let network = parts::network(wanted, observed, &mut plan);
    let has_paths = parts::has_paths(wanted, observed, &mut plan);
    if let (Some(image), Some(secrets), Some(network), true) = (image, secrets, network, has_paths) {
        let spec = wanted.spec(&image, secrets, network, observed.api);
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
                    at_rest(wanted, observed, service, &mut plan);
                } else if observed.changed && service.tasks.were_rolled_back() {
                    // Never green, however well what ran before runs again.
                    plan.wait(format!("{} to stay up as declared", wanted.program), seen(service), hint(wanted));
                } else {
                    let forced = service.spec.task_template.as_ref().and_then(|template| template.force_update);
                    let of = change::Version { id: service.id.clone(), index: service.version, forced };
                    plan.sequence("service", vec![Change::UpdateService { spec, because, of }]);
                }
            }
        }
    }
    plan
}

/// Returns the reasons to update the service.
fn reasons(differences: &[String], service: &Service, changed: bool) -> Vec<String> {
    let mut because = differences.to_vec();
    let tasks = &service.tasks;
    // An update that has stopped goes on with the next one, and by nothing else.
    let has_stopped = matches!(tasks.update, Update::Paused | Update::RollbackPaused) && tasks.running < tasks.wanted;
    if has_stopped && !changed {
        because.push("its last update stopped after a failure".into());
    }
    because
}

/// Nothing to change: wait until it is well, then clear away what is superseded.
fn at_rest(wanted: &Wanted, observed: &Observed, service: &Service, plan: &mut Plan<Change>) {
    if !service.tasks.are_settled() {
        plan.wait(format!("{} to settle", wanted.program), seen(service), hint(wanted));
        return;
    }
    match &observed.answer {
        Answer::Well => plan.sequence("superseded", superseded(wanted, observed)),
        Answer::NotRunning => plan.wait(well(wanted), "nothing runs that could be asked", hint(wanted)),
        Answer::Unwell { reason, hint, may_pass: true } => plan.wait(well(wanted), reason.clone(), hint.clone()),
        Answer::Unwell { reason, hint, may_pass: false } => plan.block(wanted.program, reason.clone(), hint.clone()),
    }
}

fn well(wanted: &Wanted) -> String {
    format!("{} to answer at https://{}/healthz", wanted.program, wanted.domain)
}

fn seen(service: &Service) -> String {
    match &service.last_words {
        Some(words) => format!("{}, its log ends: {words}", service.tasks),
        None => service.tasks.to_string(),
    }
}

/// The commands that tell more about a service that does not become healthy.
fn hint(wanted: &Wanted) -> String {
    let name = wanted.program;
    format!("`docker service ps --no-trunc {name}` and `docker service logs {name}` tell more")
}

/// Secrets and images of ours that nothing uses any more. None of a kind while its credential is out of order.
fn superseded(wanted: &Wanted, observed: &Observed) -> Vec<Change> {
    let mut changes = Vec::new();
    for (kind, there) in &observed.secrets {
        let current = secret::usable(there).map(|secret| secret.number);
        if wanted.secrets.contains(&kind.as_str()) && current.is_none() {
            continue;
        }
        let old = secret::superseded(there, current, |name| parts::uses(observed, name));
        changes.extend(old.map(|secret| Change::RemoveSecret { name: secret.name.clone(), id: secret.id.clone() }));
    }
    if let Image::Loaded { tag: current, .. } = &observed.image {
        let old = observed.images.keys().filter(|tag| *tag != current);
        changes.extend(old.map(|tag| Change::RemoveImage { tag: tag.clone() }));
    }
    changes
}
