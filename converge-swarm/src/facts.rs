//! What is worth showing: the swarm, and how full its networks are.

use base::fact::Fact;
use ipnet::Ipv4Net;
use serde_json::json;

use crate::desired::Desired;
use crate::observed::{NodeState, Observed};

/// From this fill on, an operator should look.
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
             `systemctl restart docker.service` frees them",
        ));
    }
    facts
}

/// How full a network is: addresses of live endpoints against what its subnets hold.
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

/// Addresses that endpoints can have: not the network's own, not the broadcast one, not the gateway.
fn capacity(subnet: Ipv4Net) -> u64 {
    (1_u64 << (32 - subnet.prefix_len())).saturating_sub(3)
}
