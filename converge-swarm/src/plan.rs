//! Plans the swarm and its networks. Pure.

use base::plan::Plan;

use crate::change::Change;
use crate::desired::{self, Desired};
use crate::observed::{Attached, Cluster, Network, NodeState, Observed};

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
            "`docker swarm leave` here if that swarm is not wanted, or `docker node promote` this node there; then \
             `systemctl restart converge-swarm.service`",
        ),
        NodeState::Pending => plan.wait(
            "this node to finish joining its swarm",
            format!("it is pending{}", because(&node.error)),
            "if the swarm it joins is gone, `docker swarm leave --force` and `systemctl restart converge-swarm.service`",
        ),
        NodeState::Locked => plan.block(
            "swarm",
            "the swarm is locked: its keys are encrypted and Docker was restarted",
            "`docker swarm unlock` with the key that `docker swarm unlock-key` printed when autolock was switched on",
        ),
        NodeState::Error => plan.block(
            "swarm",
            format!("the swarm does not work{}", because(&node.error)),
            "a damaged raft log (after a full disk) is mended by: systemctl stop docker, keep a copy of \
             /var/lib/docker/swarm, start docker, `docker swarm leave --force`, then restart converge.target, which makes \
             swarm, networks and secrets anew; apps must be deployed again, their volumes stay",
        ),
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
        changes.extend(network(name, declared, observed, plan));
    }
    plan.sequence("swarm", changes);
}

/// With our own swarm: compare it with the configuration.
fn keep(desired: &Desired, observed: &Observed, plan: &mut Plan<Change>) {
    if let Some(cluster) = &observed.cluster {
        if let Some(limit) = desired.task_history.filter(|limit| cluster.task_history != Some(i64::from(*limit))) {
            plan.sequence("swarm", vec![Change::SetTaskHistory { limit }]);
        }
        address_pools(desired, cluster, plan);
    }
    let advertised = &observed.node.address;
    if *advertised != desired.advertise_address.to_string() {
        plan.drift(
            "swarm",
            format!(
                "it advertises {}, not {}, and that is fixed when a swarm is made",
                or_unknown(advertised),
                desired.advertise_address
            ),
            make_anew(),
        );
    }
    for (name, declared) in &desired.networks {
        let changes = network(name, declared, observed, plan);
        plan.sequence(format!("network {name}"), changes);
    }
}

fn address_pools(desired: &Desired, cluster: &Cluster, plan: &mut Plan<Change>) {
    let Some(declared) = &desired.address_pools else { return };
    let pools: Vec<String> = declared.pools.iter().map(ToString::to_string).collect();
    if cluster.address_pools != pools || cluster.subnet_size != u32::from(declared.subnet_size) {
        plan.drift(
            "swarm",
            format!(
                "its address pools are {} in /{}s, not {} in /{}s, and that is fixed when a swarm is made",
                cluster.address_pools.join(", "),
                cluster.subnet_size,
                pools.join(", "),
                declared.subnet_size
            ),
            make_anew(),
        );
    }
}

/// Returns the changes of one network. A wrong network in use becomes drift.
fn network(name: &str, declared: &desired::Network, observed: &Observed, plan: &mut Plan<Change>) -> Vec<Change> {
    let found = observed.networks.get(name).map(Vec::as_slice).unwrap_or_default();
    // The first of several right ones stays.
    let right = found.iter().find(|network| network.is_as_declared(declared)).map(|network| &network.id);
    let mut changes = Vec::new();
    let mut in_the_way = false;
    for wrong in found.iter().filter(|network| Some(&network.id) != right) {
        let attached = wrong.attached.as_deref().unwrap_or_default();
        if attached.is_empty() {
            changes.push(Change::RemoveNetwork { name: name.into(), id: wrong.id.clone() });
        } else {
            in_the_way = true;
            plan.drift(format!("network/{name}"), why_wrong(wrong, declared, attached), detach(name, wrong, attached));
        }
    }
    // A second network beside one in use would make the name ambiguous.
    if right.is_none() && !in_the_way {
        changes.push(Change::CreateNetwork { name: name.into(), network: declared.clone() });
    }
    changes
}

fn why_wrong(network: &Network, declared: &desired::Network, attached: &[Attached]) -> String {
    let mut differences = network.differences(declared);
    if differences.is_empty() {
        differences.push("there is another one of the same name".into());
    }
    format!("{}, and it is in use by {}", differences.join(", "), in_words(attached))
}

fn in_words(attached: &[Attached]) -> String {
    let names: Vec<String> = attached
        .iter()
        .map(|on| match on {
            Attached::Service(name) => format!("service {name}"),
            Attached::Container(name) => format!("container {name}"),
            Attached::Endpoint(name) => format!("endpoint {name}"),
        })
        .collect();
    names.join(", ")
}

/// The commands that detach everything from a network and let the next run recreate it.
fn detach(name: &str, network: &Network, attached: &[Attached]) -> Vec<String> {
    let id = &network.id;
    let mut commands: Vec<String> = attached
        .iter()
        .map(|on| match on {
            Attached::Service(service) => format!("docker service update --network-rm {id} {service}"),
            Attached::Container(container) => format!("docker network disconnect --force {id} {container}"),
            Attached::Endpoint(endpoint) => format!("docker network disconnect --force {id} {endpoint}"),
        })
        .collect();
    commands.push(format!("docker network rm {id}"));
    commands.push("systemctl restart converge-swarm.service".into());
    commands.extend(attached.iter().map(|on| match on {
        Attached::Service(service) => format!("docker service update --network-add {name} {service}"),
        Attached::Container(on) | Attached::Endpoint(on) => format!("docker network connect {name} {on}"),
    }));
    commands
}

/// The commands that recreate the swarm. Everything deployed in it is lost; volumes stay.
fn make_anew() -> Vec<String> {
    vec!["docker swarm leave --force".into(), "systemctl restart converge.target".into()]
}

fn because(error: &str) -> String {
    if error.is_empty() { String::new() } else { format!(": {error}") }
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "an unknown address" } else { text }
}
