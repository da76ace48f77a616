//! Plans Traefik. Pure.
//!
//! First the [`pair`] of secrets to serve, then version, environment and secrets of the app as for every recipe. With
//! nothing to deploy: [`health`], then the removal of superseded objects.

mod health;
mod pair;

use std::collections::BTreeMap;

use base::plan::Plan;
use recipe::names::Names;
use recipe::plan::{AppGoal, Rollback, Target, deploy, forget, has_swarm};

use crate::desired::Desired;
use crate::observed::Observed;
use crate::{Change, RECIPE, env};
use pair::Chosen;

/// Plans.
pub fn plan(desired: &Desired, observed: &Observed) -> Plan<Change> {
    let mut plan = Plan::empty();
    if !has_swarm(&observed.app, &mut plan) {
        return plan;
    }
    let names = Names::new(&desired.app_domain());
    let Some(chosen) = pair::choose(&names, observed, &mut plan) else { return plan };
    let names_a_resolver = observed.acme.iter().any(|router| names.is_ours(&router.service));
    let wanted = AppGoal {
        recipe: RECIPE,
        names: &names,
        source: &desired.recipe,
        env: &desired.env,
        keys: env::keys(chosen.pair),
        keys_if_known: BTreeMap::new(),
        passed_on: None,
        compose_files: &desired.compose_files,
        secrets: chosen.names(&names),
        creations: chosen.creations.clone(),
        also: names_a_resolver.then(|| "its router names an ACME resolver".into()).into_iter().collect(),
        unhealthy: health::unhealthy_reasons(desired, observed),
        rollback: Rollback::Always,
        wait_seconds: desired.limits.wait_seconds,
        now: observed.now,
    };
    if let Some(target) = deploy(&wanted, &observed.app, &mut plan) {
        at_rest(desired, observed, &names, &chosen, &target, &mut plan);
    }
    plan
}

/// With nothing to deploy: waits for health, then removes superseded objects.
fn at_rest(
    desired: &Desired,
    observed: &Observed,
    names: &Names,
    chosen: &Chosen,
    target: &Target,
    plan: &mut Plan<Change>,
) {
    for router in observed.acme.iter().filter(|router| !names.is_ours(&router.service)) {
        plan.drift(
            format!("service/{}", router.service),
            format!("its router asks ACME resolver `{}` for certificates ({})", router.resolver, router.label),
            vec![
                format!("docker service update --label-add '{}=' {}", router.label, router.service),
                "set LETS_ENCRYPT_ENV= in that app's .env, so that its next deploy keeps it so".into(),
            ],
        );
    }
    if health::wait(desired, observed, names, chosen, plan) {
        return;
    }
    let mut clear = pair::superseded(observed, chosen);
    clear.extend(forget(&observed.app, target));
    plan.sequence("superseded", clear);
}
