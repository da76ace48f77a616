//! The facts: the swarm, and the fill of its networks.

use base::fact::Fact;
use docker::OddEntry;
use ipnet::Ipv4Net;
use serde_json::json;

use crate::desired::Desired;
use crate::observed::{NodeState, Observed};

/// The fill above which a fact has a warning.
const WARN_PERCENT: u64 = 80;

/// The facts of what was observed.
pub fn facts(desired: &Desired, observed: &Observed) -> Vec<Fact> {
    let node = &observed.node;
    let mut facts = Vec::new();
    let mut swarm = Fact::new("swarm", json!({ "state": node.state, "address": node.address, "nodes": node.nodes }));
    if node.state == NodeState::Active {
        swarm = swarm.in_status(format!("swarm at {}", node.address));
    }
    facts.push(swarm);
    for (name, found) in &observed.networks {
        let declared = desired.networks.get(name);
        let right = found.iter().find(|network| declared.is_some_and(|declared| network.is_as_declared(declared)));
        if let Some(network) = right {
            facts.extend(fill(name, &network.subnets, network.addresses_taken));
        }
    }
    if let Some(failures) = observed.allocation_failures.filter(|failures| *failures > 0) {
        facts.push(Fact::new("address_allocation_failures", failures).warn(
            format!("Docker found no free address {failures} times within the last hour"),
            "if the networks above are not full, stacks that were removed at the same time leaked addresses: \
             `systemctl restart docker.service` frees them, and restarts every app",
        ));
    }
    facts.extend(OddEntry::facts(&observed.odd_entries));
    facts
}

/// The fill of a network: addresses of live endpoints, divided by the capacity of its subnets.
fn fill(name: &str, subnets: &[String], taken: u64) -> Option<Fact> {
    let capacity: u64 = subnets.iter().filter_map(|subnet| subnet.parse().ok()).map(capacity).sum();
    let percent = (taken * 100).checked_div(capacity)?;
    let value = json!({ "addresses_taken": taken, "addresses": capacity, "percent": percent });
    let fact = Fact::new(format!("network_{name}"), value).in_status(format!("{name} {percent} % full"));
    Some(if percent > WARN_PERCENT {
        fact.warn(
            format!("network {name} is {percent} % full: {taken} of {capacity} addresses are taken"),
            "remove stacks that are no longer needed, or declare a larger subnet (everything on it has to go first)",
        )
    } else {
        fact
    })
}

/// The addresses for endpoints: without network, broadcast and gateway.
fn capacity(subnet: Ipv4Net) -> u64 {
    (1_u64 << (32 - subnet.prefix_len())).saturating_sub(3)
}
