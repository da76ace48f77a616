//! Plans one network.

use base::plan::Plan;
use ipnet::Ipv4Net;

use crate::change::Change;
use crate::desired::{self, Desired, overlap};
use crate::observed::{Attached, Network, Observed};

/// Swarm's pool and the prefix length of its subnets, unless a swarm is made with others.
const DEFAULT_POOL: (&str, u8) = ("10.0.0.0/8", 24);

/// Returns the changes of one network. A wrong network in use becomes drift.
pub fn changes(name: &str, declared: &desired::Network, observed: &Observed, plan: &mut Plan<Change>) -> Vec<Change> {
    if overlap_with_another(name, declared, observed, plan) {
        return Vec::new();
    }
    let found = observed.networks.get(name).map(Vec::as_slice).unwrap_or_default();
    // The first of several right ones stays, unless Swarm has not allocated it.
    let mut as_declared = found.iter().filter(|network| network.is_as_declared(declared));
    let right = as_declared.clone().find(|network| network.is_allocated()).or_else(|| as_declared.next());
    if right.is_some_and(|network| !network.is_allocated()) {
        plan.wait(
            format!("network {name} to get its driver and subnet from Swarm"),
            "it has none yet",
            format!(
                "the journal of docker.service tells why; `docker network rm {name}` and `systemctl restart \
                 converge-swarm.service` create it again"
            ),
        );
    }
    let mut changes = Vec::new();
    let mut in_the_way = false;
    for wrong in found.iter().filter(|network| right.is_none_or(|right| network.id != right.id)) {
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

/// Blocks a network that overlaps another one: Swarm never allocates it beside an overlay network, and beside a bridge its
/// tasks are rejected.
fn overlap_with_another(name: &str, declared: &desired::Network, observed: &Observed, plan: &mut Plan<Change>) -> bool {
    let Some(subnet) = declared.subnet else { return false };
    let other = observed.taken.iter().find(|taken| taken.network != name && overlap(taken.subnet, subnet));
    if let Some(other) = other {
        plan.block(
            format!("network/{name}"),
            format!("its subnet {subnet} overlaps {} of network {}", other.subnet, other.network),
            format!("declare another networks.{name}.subnet, or remove network {} if it is not needed", other.network),
        );
    }
    other.is_some()
}

/// Blocks a network that overlaps `ingress`, which Swarm creates first, with the first subnet of the first pool.
pub fn overlap_with_ingress(name: &str, declared: &desired::Network, desired: &Desired, plan: &mut Plan<Change>) {
    let (pool, size) = match &desired.address_pools {
        Some(pools) => (pools.pools.first().copied(), pools.subnet_size),
        None => (DEFAULT_POOL.0.parse().ok(), DEFAULT_POOL.1),
    };
    let ingress = pool.and_then(|pool| Ipv4Net::new(pool.network(), size).ok());
    if let (Some(subnet), Some(ingress)) = (declared.subnet, ingress)
        && overlap(subnet, ingress)
    {
        plan.block(
            format!("network/{name}"),
            format!("its subnet {subnet} overlaps {ingress}, which Swarm gives to its own network ingress"),
            format!("declare another networks.{name}.subnet, or other address_pools"),
        );
    }
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
