//! Whether what runs is healthy: settled, serving exactly our certificate, redirecting plain HTTP.

use common::converger::Plan;

use super::pair::Chosen;
use crate::change::Change;
use crate::desired::Desired;
use crate::names;
use crate::observed::Observed;

/// Waits for what is not healthy yet.
pub fn wait(desired: &Desired, observed: &Observed, chosen: &Chosen, plan: &mut Plan<Change>) {
    let hint = hint(desired);
    for (what, seen) in wrong(desired, observed, chosen.leaf.as_deref()) {
        plan.wait(what, seen, hint.clone());
    }
}

/// Waits for a version that Swarm has put away again.
pub fn wait_for_version(desired: &Desired, version: &str, seen: String, plan: &mut Plan<Change>) {
    plan.wait(format!("traefik {version} to stay up"), seen, hint(desired));
}

fn hint(desired: &Desired) -> String {
    let service = names::app_service(&desired.domain);
    format!("`docker service ps --no-trunc {service}` and `docker service logs {service}` tell more")
}

/// All that is wrong, in words; `None` when it is healthy.
pub fn what_is_wrong(desired: &Desired, observed: &Observed, leaf: Option<&str>) -> Option<String> {
    let wrong = wrong(desired, observed, leaf);
    let words: Vec<String> = wrong.into_iter().map(|(what, seen)| format!("{what}: {seen}")).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// What is waited for, and what was seen instead.
fn wrong(desired: &Desired, observed: &Observed, leaf: Option<&str>) -> Vec<(String, String)> {
    let unsettled = observed.stack.services.iter().filter(|service| !service.tasks.are_settled());
    let mut wrong: Vec<(String, String)> =
        unsettled.map(|service| (format!("{} to settle", service.name), service.tasks.to_string())).collect();
    if !wrong.is_empty() {
        // What an unsettled service serves says nothing yet.
        return wrong;
    }
    let https = format!("Traefik to serve the certificate of *.{}", desired.domain);
    match &observed.probe {
        None => wrong.push((https, "nothing runs that could be asked".into())),
        Some(probe) => {
            match &probe.certificate {
                Err(why) => wrong.push((https, why.clone())),
                Ok(served) if leaf.is_some_and(|leaf| leaf != served) => {
                    wrong.push((https, format!("it serves another one ({served})")));
                }
                Ok(_) => {}
            }
            if let Err(why) = &probe.redirect {
                wrong.push(("plain HTTP to redirect".into(), why.clone()));
            }
        }
    }
    wrong
}
