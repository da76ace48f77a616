//! The health of Traefik: settled, serving exactly our certificate, redirecting plain HTTP, routing by labels in Swarm.

use base::plan::Plan;
use recipe::names::Names;
use recipe::plan::{hint, unsettled};

use super::pair::Chosen;
use crate::Change;
use crate::desired::Desired;
use crate::observed::Observed;

/// Plans a wait for every unhealthy part. Returns true if there is one.
pub fn wait(desired: &Desired, observed: &Observed, names: &Names, chosen: &Chosen, plan: &mut Plan<Change>) -> bool {
    let unhealthy = unhealthy(desired, observed, chosen.leaf.as_deref());
    let is_any = !unhealthy.is_empty();
    for (what, seen) in unhealthy {
        plan.wait(what, seen, hint(names));
    }
    is_any
}

/// Returns the unhealthy parts in words, whatever certificate is served; `None` when Traefik is healthy.
pub fn unhealthy_reasons(desired: &Desired, observed: &Observed) -> Option<String> {
    let unhealthy = unhealthy(desired, observed, None);
    let words: Vec<String> = unhealthy.into_iter().map(|(what, seen)| format!("{what}: {seen}")).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// The wait, and the state seen instead.
fn unhealthy(desired: &Desired, observed: &Observed, leaf: Option<&str>) -> Vec<(String, String)> {
    let mut unhealthy = unsettled(&observed.app);
    if !unhealthy.is_empty() {
        // The answers of an unsettled service mean nothing yet.
        return unhealthy;
    }
    let https = format!("Traefik to serve the certificate of *.{}", desired.domain);
    match &observed.probe {
        None => unhealthy.push((https, "nothing runs that could be asked".into())),
        Some(probe) => {
            match &probe.certificate {
                Err(why) => unhealthy.push((https, why.clone())),
                Ok(served) if leaf.is_some_and(|leaf| leaf != served) => {
                    unhealthy.push((https, format!("it serves another one ({served})")));
                }
                Ok(_) => {}
            }
            if let Err(why) = &probe.redirect {
                unhealthy.push(("plain HTTP to redirect".into(), why.clone()));
            }
            if let Some(Err(why)) = &probe.router {
                unhealthy.push(("Traefik to route as the labels in Swarm say".into(), why.clone()));
            }
        }
    }
    unhealthy
}
