//! What leads from observed to desired. Pure.
//!
//! In the order things depend on each other: the RPC secret and the OAuth [`application`], the app with both as its
//! secrets, then Drone itself: the bot's [`account`], the [`repository`]. The [`runner`] stands beside them.

mod account;
mod application;
mod repository;
mod runner;

use base::plan::Plan;
use recipe::names::Names;
use recipe::plan::{AppGoal, Rollback, Target, deploy, forget, has_swarm, hint, secret, superseded, unsettled};

use crate::change::Change;
use crate::desired::Desired;
use crate::env::{self, Secrets};
use crate::observed::{Observed, RpcSecret, Server};
use crate::{CLIENT_SECRET, RECIPE, RPC};

/// Plans.
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
    }
    plan
}

/// The secret that Drone and its runners share. Whether there is one.
fn rpc_secret(observed: &Observed, plan: &mut Plan<Change>) -> bool {
    match &observed.rpc_secret {
        RpcSecret::Usable => return true,
        RpcSecret::Missing => plan.sequence("rpc-secret", vec![Change::GenerateRpcSecret]),
        RpcSecret::Unusable { reason, hint } => plan.block("rpc-secret", reason.clone(), hint.clone()),
    }
    false
}

/// The app. Whether it is as it should be and settled; then what it no longer needs is cleared away.
fn app(desired: &Desired, observed: &Observed, client_id: &str, plan: &mut Plan<recipe::Change>) -> bool {
    let names = Names::new(&desired.domain);
    let (rpc, new_rpc) = secret(&observed.app, &names, RPC);
    let (client, new_client) = secret(&observed.app, &names, CLIENT_SECRET);
    let wanted = AppGoal {
        recipe: RECIPE,
        names: &names,
        source: &desired.recipe,
        env: &desired.env,
        keys: env::keys(desired, client_id, Secrets { rpc, client }),
        keys_if_known: env::keys_if_known(desired, client_id),
        passed_on: Some(env::PASSED_ON),
        compose_files: &desired.compose_files,
        secrets: vec![names.secret(RPC, rpc), names.secret(CLIENT_SECRET, client)],
        creations: new_rpc.into_iter().chain(new_client).collect(),
        also: Vec::new(),
        unhealthy: what_is_wrong(desired, observed),
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
    if matches!(observed.drone, Server::NoToken | Server::Refuses | Server::Accepts { .. }) {
        plan.sequence("superseded", clear(observed, &target, Secrets { rpc, client }));
    }
    true
}

/// What is left of earlier versions and earlier secrets.
fn clear(observed: &Observed, target: &Target, secrets: Secrets) -> Vec<recipe::Change> {
    let mut changes = superseded(&observed.app, RPC, secrets.rpc);
    changes.extend(superseded(&observed.app, CLIENT_SECRET, secrets.client));
    changes.extend(forget(&observed.app, target));
    changes
}

/// All that is wrong with what runs, in words; `None` when it is healthy.
fn what_is_wrong(desired: &Desired, observed: &Observed) -> Option<String> {
    let unsettled = unsettled(&observed.app);
    if !unsettled.is_empty() {
        let words: Vec<String> = unsettled.into_iter().map(|(what, seen)| format!("{what}: {seen}")).collect();
        return Some(words.join("; "));
    }
    match &observed.drone {
        Server::NotRunning => Some("nothing runs that could be asked".into()),
        Server::Silent { reason, .. } => Some(format!("{} does not answer: {reason}", desired.address())),
        Server::NoToken | Server::Refuses | Server::Accepts { .. } => None,
    }
}

/// Waits until Drone answers. Whether it does.
fn is_up(desired: &Desired, observed: &Observed, plan: &mut Plan<Change>) -> bool {
    let what = format!("Drone to answer at {}/healthz", desired.address());
    match &observed.drone {
        Server::NoToken | Server::Refuses | Server::Accepts { .. } => return true,
        Server::NotRunning => {
            plan.wait(what, "nothing runs that could be asked", hint(&Names::new(&desired.domain)));
        }
        Server::Silent { reason, hint, may_pass: true } => plan.wait(what, reason.clone(), hint.clone()),
        Server::Silent { reason, hint, may_pass: false } => plan.block("drone", reason.clone(), hint.clone()),
    }
    false
}
