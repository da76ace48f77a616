//! The networks of a name, and their fill.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bollard::models::{self, Ipam, NetworkInspect};
use bollard::query_parameters::InspectNetworkOptions;
use docker::Docker;
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::attached::{self, Attached};
use crate::desired::{self, Desired};
use crate::error::Error;

/// One network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The id.
    pub id: String,
    /// The driver: `overlay`. Empty until Swarm has allocated the network.
    pub driver: String,
    /// The scope: `swarm` or `local`.
    pub scope: String,
    /// True if standalone containers may join.
    pub attachable: bool,
    /// True if its containers reach no other network through it.
    #[serde(default)]
    pub internal: bool,
    /// The subnets. None until Swarm has allocated the network.
    pub subnets: Vec<String>,
    /// The number of addresses in use.
    pub addresses_taken: u64,
    /// The attached services, containers and endpoints, running or not. `None` for a network that is as declared.
    pub attached: Option<Vec<Attached>>,
}

/// A subnet and its network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// The network's name.
    pub network: String,
    /// The subnet.
    pub subnet: Ipv4Net,
}

impl Network {
    /// True if the network has its driver and subnets. Swarm allocates them some time after it accepted the network.
    pub fn is_allocated(&self) -> bool {
        self.scope != "swarm" || !self.driver.is_empty()
    }

    /// True if no difference from `desired` is known.
    pub fn is_as_declared(&self, desired: &desired::Network) -> bool {
        self.differences(desired).is_empty()
    }

    /// Returns the known differences from `desired`, in words.
    pub fn differences(&self, desired: &desired::Network) -> Vec<String> {
        let mut differences = Vec::new();
        if self.is_allocated() && self.driver != "overlay" {
            differences.push(format!("its driver is {}, not overlay", self.driver));
        }
        if self.scope != "swarm" {
            differences.push(format!("its scope is {}, not swarm", self.scope));
        }
        if self.attachable != desired.attachable {
            let (is, should) = if desired.attachable { ("not ", "") } else { ("", "not ") };
            differences.push(format!("it is {is}attachable and should {should}be"));
        }
        if self.internal {
            differences.push("it is internal and should not be".to_owned());
        }
        if let Some(subnet) = desired.subnet.filter(|_| self.is_allocated()) {
            // A second subnet of IPv6 is left alone.
            let has: Vec<_> = self.subnets.iter().filter(|subnet| subnet.parse::<Ipv4Net>().is_ok()).cloned().collect();
            if has != [subnet.to_string()] {
                let has = if has.is_empty() { "none".to_owned() } else { has.join(", ") };
                differences.push(format!("its subnet is {has}, not {subnet}"));
            }
        }
        differences
    }
}

/// Lists all networks.
pub async fn list(docker: &Docker) -> Result<Vec<models::Network>, Error> {
    Ok(docker.list("list networks", "/networks", &json!({})).await?)
}

/// The subnets of the listed networks.
pub fn taken(listed: &[models::Network]) -> Vec<Taken> {
    let of = |network: &models::Network| {
        let name = network.name.clone().unwrap_or_default();
        let subnets = subnets(network.ipam.as_ref()).into_iter().filter_map(|subnet| subnet.parse().ok());
        subnets.map(move |subnet| Taken { network: name.clone(), subnet }).collect::<Vec<_>>()
    };
    listed.iter().flat_map(of).collect()
}

/// The listed networks of a name that `desired` declares.
pub async fn named(
    docker: &Docker,
    desired: &Desired,
    listed: &[models::Network],
) -> Result<BTreeMap<String, Vec<Network>>, Error> {
    let mut networks: BTreeMap<String, Vec<Network>> =
        desired.networks.keys().map(|name| (name.clone(), Vec::new())).collect();
    for summary in listed {
        let (Some(name), Some(id)) = (&summary.name, &summary.id) else { continue };
        let Some(found) = networks.get_mut(name) else { continue };
        // Removed between list and inspect.
        if let Some(seen) = inspect(docker, name, id).await? {
            found.push(read(id, seen));
        }
    }
    for (name, found) in &mut networks {
        found.sort_by(|one, other| one.id.cmp(&other.id));
        let alone = found.len() == 1;
        for network in found {
            if !(alone && desired.networks.get(name).is_some_and(|declared| network.is_as_declared(declared))) {
                network.attached = Some(attached::list(docker, name, &network.id).await?);
            }
        }
    }
    Ok(networks)
}

fn read(id: &str, seen: NetworkInspect) -> Network {
    Network {
        id: id.into(),
        subnets: subnets(seen.ipam.as_ref()),
        addresses_taken: addresses(&seen).len() as u64,
        driver: seen.driver.unwrap_or_default(),
        scope: seen.scope.unwrap_or_default(),
        attachable: seen.attachable.unwrap_or(false),
        internal: seen.internal.unwrap_or(false),
        attached: None,
    }
}

fn subnets(ipam: Option<&Ipam>) -> Vec<String> {
    ipam.and_then(|ipam| ipam.config.as_ref())
        .into_iter()
        .flatten()
        .filter_map(|config| config.subnet.clone())
        .collect()
}

/// Inspects a network; `None` if it is gone.
pub async fn inspect(docker: &Docker, name: &str, id: &str) -> Result<Option<NetworkInspect>, Error> {
    // Only the verbose answer has the services' own addresses.
    let options = InspectNetworkOptions { verbose: true, scope: None };
    let seen = docker
        .call(format!("inspect network {name}"), async |client| client.inspect_network(id, Some(options)).await)
        .await;
    match seen {
        Ok(seen) => Ok(Some(seen)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The addresses taken by live endpoints: containers, tasks and the services' virtual ones.
fn addresses(seen: &NetworkInspect) -> BTreeSet<String> {
    let mut addresses = BTreeSet::new();
    let mut take = |address: &str| {
        let address = address.split('/').next().unwrap_or_default();
        if !address.is_empty() && address != "<nil>" {
            addresses.insert(address.to_owned());
        }
    };
    for endpoint in seen.containers.iter().flat_map(HashMap::values) {
        take(endpoint.ipv4_address.as_deref().unwrap_or_default());
    }
    for service in seen.services.iter().flat_map(HashMap::values) {
        take(service["VIP"].as_str().unwrap_or_default());
        for task in service["Tasks"].as_array().into_iter().flatten() {
            take(task["EndpointIP"].as_str().unwrap_or_default());
        }
    }
    addresses
}
