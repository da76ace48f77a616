//! Plans the swarm and its networks. Pure.

mod broken;
mod network;

use std::net::IpAddr;

use base::plan::Plan;

use crate::change::Change;
use crate::desired::Desired;
use crate::observed::{Availability, Cluster, Node, NodeState, Observed};

/// Plans.
pub fn plan(desired: &Desired, observed: &Observed) -> Plan<Change> {
    let mut plan = Plan::empty();
    if observed.live_restore {
        plan.block(
            "docker",
            "live-restore is on, and no swarm can run with it",
            "set `virtualisation.docker.daemon.settings.live-restore = false;` (NixOS) or \"live-restore\": false in \
             /etc/docker/daemon.json, then restart docker.service",
        );
        return plan;
    }
    let node = &observed.node;
    match node.state {
        NodeState::Inactive => initialise(desired, observed, &mut plan),
        NodeState::Active if node.manager => keep(desired, observed, &mut plan),
        NodeState::Active => plan.block(
            "swarm",
            format!("this node is a worker of a swarm managed at {}", or_unknown(&node.managers.join(", "))),
            "`docker node promote` this node on its manager; or, if it is not wanted in that swarm, `docker swarm leave`, \
             which ends the swarm's tasks on this node; then `systemctl restart converge-swarm.service`",
        ),
        NodeState::Pending => plan.wait(
            "this node to finish joining its swarm",
            format!("it is pending{}", because(&node.error)),
            "check that its manager can be reached, as `docker info` names it; if that swarm is gone, `docker swarm leave \
             --force` ends this node's tasks in it, and `systemctl restart converge-swarm.service` makes a new one",
        ),
        NodeState::Locked => plan.block(
            "swarm",
            "the swarm is locked: its keys are encrypted and Docker was restarted",
            "`docker swarm unlock` with the key that `docker swarm unlock-key` printed when autolock was switched on",
        ),
        NodeState::Error => broken::block(desired, &node.error, &mut plan),
    }
    plan
}

/// Without a swarm: create it with its networks.
fn initialise(desired: &Desired, observed: &Observed, plan: &mut Plan<Change>) {
    let mut changes = vec![Change::Initialise {
        advertise_address: desired.advertise_address.to_string(),
        address_pools: desired.address_pools.clone(),
        task_history: desired.task_history,
    }];
    for (name, declared) in &desired.networks {
        network::overlap_with_ingress(name, declared, desired, plan);
        changes.extend(network::changes(name, declared, observed, plan));
    }
    // A swarm that is made with a wrong pool keeps it.
    if plan.blocks.is_empty() {
        plan.sequence("swarm", changes);
    }
}

/// With our own swarm: compare it with the configuration.
fn keep(desired: &Desired, observed: &Observed, plan: &mut Plan<Change>) {
    if let Some(cluster) = &observed.cluster {
        if let Some(limit) = desired.task_history.filter(|limit| cluster.task_history != Some(i64::from(*limit))) {
            plan.sequence("swarm", vec![Change::SetTaskHistory { limit }]);
        }
        address_pools(desired, cluster, plan);
    }
    advertised(desired.advertise_address, &observed.node, plan);
    availability(&observed.node, plan);
    if observed.ingress == Some(false) {
        plan.drift(
            "network/ingress",
            "the swarm has no network for ports published in ingress mode, so Swarm refuses services with such a port",
            vec!["docker network create --driver overlay --ingress ingress".into()],
        );
    }
    for (name, declared) in &desired.networks {
        let changes = network::changes(name, declared, observed, plan);
        plan.sequence(format!("network {name}"), changes);
    }
}

fn address_pools(desired: &Desired, cluster: &Cluster, plan: &mut Plan<Change>) {
    let Some(declared) = &desired.address_pools else { return };
    let pools: Vec<String> = declared.pools.iter().map(ToString::to_string).collect();
    if cluster.address_pools != pools || cluster.subnet_size != u32::from(declared.subnet_size) {
        let has = format!("{} in /{}s", cluster.address_pools.join(", "), cluster.subnet_size);
        plan.block(
            "swarm",
            format!(
                "its address pools are {has}, not {} in /{}s, and Docker fixes them when a swarm is made",
                pools.join(", "),
                declared.subnet_size
            ),
            format!(
                "declare {has} in address_pools; only a new swarm has other pools: `docker swarm leave --force` and \
                 `systemctl restart converge.target` make one, which loses all services, secrets, configs and networks of \
                 this one"
            ),
        );
    }
}

fn advertised(declared: IpAddr, node: &Node, plan: &mut Plan<Change>) {
    if node.address.parse::<IpAddr>() == Ok(declared) {
        return;
    }
    let others = match node.nodes - 1 {
        ..=0 => String::new(),
        others => format!("; the command below also removes the other nodes from the swarm ({others})"),
    };
    plan.drift(
        "swarm",
        format!("it advertises {}, not {declared}{others}", or_unknown(&node.address)),
        vec![advertise(declared)],
    );
}

/// The command that changes the advertised address, and renews the node's certificate. Services, secrets, configs and
/// networks stay.
fn advertise(address: IpAddr) -> String {
    format!("docker swarm init --force-new-cluster --advertise-addr {address}")
}

fn availability(node: &Node, plan: &mut Plan<Change>) {
    let reason = match node.availability {
        Some(Availability::Drain) => "this node is drained: Swarm runs no task on it",
        Some(Availability::Pause) => "this node is paused: Swarm starts no new task on it",
        Some(Availability::Active) | None => return,
    };
    plan.drift("node", reason, vec![format!("docker node update --availability active {}", node.id)]);
}

fn because(error: &str) -> String {
    if error.is_empty() { String::new() } else { format!(": {error}") }
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "an unknown address" } else { text }
}
