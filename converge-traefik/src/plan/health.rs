//! Whether what runs is healthy: settled, serving exactly our certificate, redirecting plain HTTP.

use base::plan::Plan;
use recipe::names::Names;
use recipe::plan::{hint, unsettled};

use super::pair::Chosen;
use crate::Change;
use crate::desired::Desired;
use crate::observed::Observed;

/// Waits for what is not healthy yet. Whether there is any.
pub fn wait(desired: &Desired, observed: &Observed, names: &Names, chosen: &Chosen, plan: &mut Plan<Change>) -> bool {
    let wrong = wrong(desired, observed, chosen.leaf.as_deref());
    let is_any = !wrong.is_empty();
    for (what, seen) in wrong {
        plan.wait(what, seen, hint(names));
    }
    is_any
}

/// All that is wrong, whatever certificate is served, in words; `None` when it is healthy.
pub fn what_is_wrong(desired: &Desired, observed: &Observed) -> Option<String> {
    let wrong = wrong(desired, observed, None);
    let words: Vec<String> = wrong.into_iter().map(|(what, seen)| format!("{what}: {seen}")).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// The wait, and the state seen instead.
fn wrong(desired: &Desired, observed: &Observed, leaf: Option<&str>) -> Vec<(String, String)> {
    let mut wrong = unsettled(&observed.app);
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
