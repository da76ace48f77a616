//! The configuration.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base::configuration::Problem;
use base::limits::Limits;
use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A single-node Docker Swarm and its networks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Desired {
    /// The address at which other nodes reach this one. 127.0.0.1 is enough for a single node.
    pub advertise_address: IpAddr,
    /// The pools of subnets for networks without one. Left out: Docker's own, 10.0.0.0/8 in /24s.
    #[serde(default)]
    pub address_pools: Option<AddressPools>,
    /// The number of ended tasks that Docker keeps for each slot of a service. Left out: not touched (Docker's default is 5).
    #[serde(default)]
    pub task_history: Option<u32>,
    /// Networks every stack may use, by name.
    #[serde(default)]
    pub networks: BTreeMap<String, Network>,
    /// Deadlines.
    #[serde(default)]
    pub limits: Limits,
}

/// Docker's pools of subnets. Fixed when the swarm is created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressPools {
    /// The pools, as network addresses: `10.20.0.0/16`.
    #[schemars(with = "Vec<String>")]
    pub pools: Vec<Ipv4Net>,
    /// The prefix length of each subnet taken from them.
    pub subnet_size: u8,
}

/// An overlay network of scope swarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The subnet: `10.10.0.0/16`. Left out: Docker takes one from the pools.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub subnet: Option<Ipv4Net>,
    /// True if standalone containers may join.
    #[serde(default = "yes")]
    pub attachable: bool,
}

fn yes() -> bool {
    true
}

/// Names that Docker reserves.
const RESERVED: [&str; 6] = ["bridge", "host", "none", "default", "ingress", "docker_gwbridge"];

impl Desired {
    /// Returns the problems that the types cannot refuse.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.advertise_address.is_unspecified() || self.advertise_address.is_multicast() {
            problems.push(Problem::new(
                "advertise_address",
                format!("is {}, which no other machine could reach", self.advertise_address),
                "give the machine's own address, or 127.0.0.1 for a single node",
            ));
        }
        problems.extend(self.address_pools.iter().flat_map(AddressPools::problems));
        for (name, network) in &self.networks {
            problems.extend(name_problem(name));
            problems
                .extend(network.subnet.and_then(|subnet| subnet_problem(&format!("networks.{name}.subnet"), subnet)));
        }
        problems.extend(self.overlaps());
        problems
    }

    /// Two networks with overlapping subnets cannot both work.
    fn overlaps(&self) -> Vec<Problem> {
        let subnets: Vec<_> =
            self.networks.iter().filter_map(|(name, network)| Some((name, network.subnet?))).collect();
        let mut problems = Vec::new();
        for (index, (name, subnet)) in subnets.iter().enumerate() {
            for (other, taken) in &subnets[..index] {
                if overlap(*subnet, *taken) {
                    problems.push(Problem::new(
                        format!("networks.{name}.subnet"),
                        format!("overlaps that of network {other} ({taken})"),
                        "give each network a range of its own",
                    ));
                }
            }
        }
        problems
    }
}

/// True if an address is in both.
pub(crate) fn overlap(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other) || other.contains(&one)
}

impl AddressPools {
    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.pools.is_empty() {
            problems.push(Problem::new("address_pools.pools", "is empty", "list a pool, or leave address_pools out"));
        }
        for (index, pool) in self.pools.iter().enumerate() {
            let at = format!("address_pools.pools[{index}]");
            problems.extend(subnet_problem(&at, *pool));
            if self.subnet_size < pool.prefix_len() || self.subnet_size > 29 {
                problems.push(Problem::new(
                    "address_pools.subnet_size",
                    format!("is {}, but subnets of {pool} are /{} to /29", self.subnet_size, pool.prefix_len()),
                    "24 gives each network 253 addresses",
                ));
            }
        }
        problems
    }
}

fn name_problem(name: &str) -> Option<Problem> {
    let at = format!("networks.{name}");
    if RESERVED.contains(&name) {
        return Some(Problem::new(at, "is a name Docker keeps for itself", "name the network differently"));
    }
    let mut characters = name.chars();
    let begins_well = characters.next().is_some_and(|first| first.is_ascii_alphanumeric());
    let goes_on_well = characters.all(|next| next.is_ascii_alphanumeric() || "_.-".contains(next));
    if begins_well && goes_on_well && name.len() <= 63 {
        return None;
    }
    Some(Problem::new(
        at,
        "is no name for a network",
        "use letters, digits, `_`, `.` and `-`, beginning with a letter or digit, 63 characters at most",
    ))
}

fn subnet_problem(at: &str, subnet: Ipv4Net) -> Option<Problem> {
    if subnet.addr() != subnet.network() {
        return Some(Problem::new(
            at,
            format!("is {subnet}, which has host bits set"),
            format!("write {}", subnet.trunc()),
        ));
    }
    if subnet.prefix_len() > 29 || subnet.prefix_len() < 8 {
        return Some(Problem::new(
            at,
            format!("is {subnet}, a range Docker cannot run an overlay network in"),
            "take a range between /8 and /29",
        ));
    }
    None
}
