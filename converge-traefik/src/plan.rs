//! What leads from observed to desired. Pure.
//!
//! In the order things depend on each other: the [`pair`] of secrets to serve, the [`target`] version, whether a deploy
//! is [`needed`]; then, with nothing to deploy, [`health`] and what can be cleared away.

mod health;
mod needed;
mod pair;
mod target;

use std::collections::BTreeMap;

use common::converger::Plan;
use common::recipe::{Latest, Policy};

use crate::change::{Change, Rejection};
use crate::desired::Desired;
use crate::env;
use crate::observed::{Observed, Try};
use pair::Chosen;
use target::Target;

/// Plans.
pub fn plan(desired: &Desired, observed: &Observed) -> Plan<Change> {
    let mut plan = Plan::empty();
    if let Some(why) = &observed.no_swarm {
        plan.block("swarm", format!("there is no swarm to deploy to: {why}"), "see converge-swarm.service");
        return plan;
    }
    let Some(chosen) = pair::choose(desired, observed, &mut plan) else { return plan };
    let Some(target) = target::choose(desired, observed, &mut plan) else {
        plan.sequence("secrets", chosen.creations);
        return plan;
    };
    let keys = env::keys(desired, chosen.pair, &target.env);
    let reasons = needed::reasons(desired, observed, &chosen, &target, &keys);
    if reasons.is_empty() && target.rejection.is_none() {
        if observed.recipe.is_some() {
            plan.sequence("env", write_env(observed, &target, keys).into_iter().collect());
        }
        at_rest(desired, observed, &chosen, &target, &mut plan);
        return plan;
    }
    if let Some(seen) = needed::swarm_went_back(observed, &target) {
        // Never green, however well what ran before runs again.
        health::wait_for_version(desired, &target.version, seen, &mut plan);
        return plan;
    }
    if !needed::can_deploy(desired, observed, &target, &keys, &mut plan) {
        return plan;
    }
    let mut changes = chosen.creations;
    changes.extend(target.mark.clone().map(|mark| Change::Mark { mark }));
    changes.extend(write_env(observed, &target, keys));
    changes.push(Change::Deploy {
        version: target.version,
        is_release: !matches!(desired.recipe.version, Policy::Commit(_)),
        because: reasons,
        rejection: target.rejection,
    });
    plan.sequence("traefik", changes);
    plan
}

/// The keys that are to be set in the `.env`. A new file begins with the recipe's own values, so all of ours are.
fn write_env(observed: &Observed, target: &Target, mut keys: BTreeMap<String, String>) -> Option<Change> {
    if let Some(there) = &observed.env {
        let differing = env::differing(&keys, there);
        keys.retain(|key, _| differing.contains(key));
    }
    (!keys.is_empty()).then(|| Change::WriteEnv { version: target.version.clone(), keys })
}

/// Nothing to deploy: wait for health, go back where that does not come, clear away what is superseded.
fn at_rest(desired: &Desired, observed: &Observed, chosen: &Chosen, target: &Target, plan: &mut Plan<Change>) {
    // The credential may have been replaced by the very same content under another name; nothing to create then.
    plan.sequence("secrets", chosen.creations.clone());
    for router in observed.acme.iter().filter(|router| !needed::is_ours(desired, &router.service)) {
        plan.drift(
            format!("service/{}", router.service),
            format!("its router asks ACME resolver `{}` for certificates ({})", router.resolver, router.label),
            vec![
                format!("docker service update --label-add '{}=' {}", router.label, router.service),
                "set LETS_ENCRYPT_ENV= in that app's .env, so that its next deploy keeps it so".into(),
            ],
        );
    }
    let waits_before = plan.waits.len();
    health::wait(desired, observed, chosen, plan);
    if plan.waits.len() > waits_before {
        return;
    }
    let mut clear: Vec<Change> = pair::superseded(observed, chosen)
        .map(|secret| Change::RemoveSecret { name: secret.name.clone(), id: secret.id.clone() })
        .collect();
    let done_with = |old: &&Try| old.rejected.is_none() || !target::still_matters(old, &target.version);
    clear.extend(observed.tries.iter().filter(done_with).map(|old| Change::Unmark { tag: old.tag.clone() }));
    plan.sequence("superseded", clear);
}

/// Why a version was rejected, for the change that goes back.
pub(crate) fn rejection(tried: &Try, seen: &str) -> Rejection {
    Rejection { tag: tried.tag.clone(), seen: seen.to_owned(), back_to: tried.back_to.clone() }
}

/// What `latest` means now, with what it holds back; `None` without a clone.
pub fn held(observed: &Observed) -> Option<Latest> {
    let running = observed.stack.app.as_ref().and_then(|app| app.version.as_deref());
    observed.recipe.as_ref().map(|recipe| target::chosen(observed, recipe, running))
}
