//! The changes from the observed to the desired state. Pure.
//!
//! In the order of dependencies: the RPC secret and the OAuth [`application`], the app with both as its secrets, then the
//! bot's [`account`] in Drone and the [`repository`]. The [`runner`] needs the RPC secret only.

mod account;
mod application;
mod repository;
mod runner;

use base::plan::Plan;
use recipe::names::Names;
use recipe::plan::{AppGoal, Rollback, Target, deploy, forget, has_swarm, hint, secret, superseded, unsettled};

use crate::change::Change;
use crate::desired::{Desired, PASSED_ON};
use crate::env::{self, Secrets};
use crate::observed::{DroneState, Observed, RpcSecret};
use crate::{CLIENT_SECRET, RECIPE, RPC_SECRET};

/// Plans the changes.
pub fn plan(desired: &Desired, observed: &Observed) -> Plan<Change> {
    let mut plan = Plan::empty();
    let has_rpc_secret = rpc_secret(observed, &mut plan);
    let client_id = application::plan(desired, observed, &mut plan);
    let mut is_deployed = false;
    let mut of_app = Plan::empty();
    if has_swarm(&observed.app, &mut of_app)
        && has_rpc_secret
        && let Some(client_id) = client_id
    {
        is_deployed = app(desired, observed, &client_id, &mut of_app);
    }
    plan.absorb(of_app);
    if has_rpc_secret {
        runner::plan(desired, observed, is_deployed, &mut plan);
    }
    if is_deployed && is_up(desired, observed, &mut plan) && account::plan(desired, observed, &mut plan) {
        repository::plan(desired, observed, &mut plan);
        runner::end_lost(observed, &mut plan);
    }
    plan
}

/// Plans the RPC secret. Returns true if there is one.
fn rpc_secret(observed: &Observed, plan: &mut Plan<Change>) -> bool {
    match &observed.rpc_secret {
        RpcSecret::Usable => return true,
        RpcSecret::Missing => plan.sequence("rpc-secret", vec![Change::GenerateRpcSecret]),
        RpcSecret::Unusable { reason, hint } => plan.block("rpc-secret", reason.clone(), hint.clone()),
    }
    false
}

/// Plans the app and the removal of superseded objects. Returns true if the app is deployed as desired and settled.
fn app(desired: &Desired, observed: &Observed, client_id: &str, plan: &mut Plan<recipe::Change>) -> bool {
    let names = Names::new(&desired.domain);
    let (rpc, new_rpc) = secret(&observed.app, &names, RPC_SECRET);
    let (client, new_client) = secret(&observed.app, &names, CLIENT_SECRET);
    let wanted = AppGoal {
        recipe: RECIPE,
        names: &names,
        source: &desired.recipe,
        env: &desired.env,
        keys: env::keys(desired, client_id, Secrets { rpc, client }),
        keys_if_known: env::keys_if_known(desired, client_id),
        passed_on: Some(PASSED_ON),
        compose_files: &desired.compose_files,
        secrets: vec![names.secret(RPC_SECRET, rpc), names.secret(CLIENT_SECRET, client)],
        creations: new_rpc.into_iter().chain(new_client).collect(),
        also: Vec::new(),
        unhealthy: unhealthy_reasons(desired, observed),
        rollback: Rollback::SameUpstream,
        wait_seconds: desired.limits.wait_seconds,
        now: observed.now,
    };
    let Some(target) = deploy(&wanted, &observed.app, plan) else { return false };
    let unsettled = unsettled(&observed.app);
    for (what, seen) in &unsettled {
        plan.wait(what, seen, hint(&names));
    }
    if !unsettled.is_empty() {
        return false;
    }
    if matches!(observed.drone, DroneState::NoToken | DroneState::Refuses | DroneState::Accepts { .. }) {
        plan.sequence("superseded", clear(observed, &target, Secrets { rpc, client }));
    }
    true
}

/// Removes the remains of earlier versions and earlier secrets.
fn clear(observed: &Observed, target: &Target, secrets: Secrets) -> Vec<recipe::Change> {
    let mut changes = superseded(&observed.app, RPC_SECRET, secrets.rpc);
    changes.extend(superseded(&observed.app, CLIENT_SECRET, secrets.client));
    changes.extend(forget(&observed.app, target));
    changes
}

/// The reasons why the running app is unhealthy; `None` if it is healthy.
fn unhealthy_reasons(desired: &Desired, observed: &Observed) -> Option<String> {
    let unsettled = unsettled(&observed.app);
    if !unsettled.is_empty() {
        let words: Vec<String> = unsettled.into_iter().map(|(what, seen)| format!("{what}: {seen}")).collect();
        return Some(words.join("; "));
    }
    match &observed.drone {
        DroneState::NotRunning => Some("no task of Drone runs".into()),
        DroneState::Silent { reason, .. } => Some(format!("{} does not answer: {reason}", desired.address())),
        DroneState::NoToken | DroneState::Refuses | DroneState::Accepts { .. } => None,
    }
}

/// Waits until Drone answers. Returns true if it does.
fn is_up(desired: &Desired, observed: &Observed, plan: &mut Plan<Change>) -> bool {
    let what = format!("Drone to answer at {}/healthz", desired.address());
    match &observed.drone {
        DroneState::NoToken | DroneState::Refuses | DroneState::Accepts { .. } => return true,
        DroneState::NotRunning => {
            plan.wait(what, "no task of Drone runs", hint(&Names::new(&desired.domain)));
        }
        DroneState::Silent { reason, hint, may_pass: true } => plan.wait(what, reason.clone(), hint.clone()),
        DroneState::Silent { reason, hint, may_pass: false } => plan.block("drone", reason.clone(), hint.clone()),
    }
    false
}
