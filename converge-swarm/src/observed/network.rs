//! The networks of a name, their fill, and what is attached to them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bollard::models::{ContainerSummary, NetworkInspect, Service};
use bollard::query_parameters::{InspectNetworkOptions, ListContainersOptions, ListNetworksOptions};
use docker::Docker;
use serde::{Deserialize, Serialize};

use crate::desired::{self, Desired};
use crate::error::Error;

/// One network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The id.
    pub id: String,
    /// The driver: `overlay`.
    pub driver: String,
    /// The scope: `swarm` or `local`.
    pub scope: String,
    /// True if standalone containers may join.
    pub attachable: bool,
    /// The subnets.
    pub subnets: Vec<String>,
    /// The number of addresses in use.
    pub addresses_taken: u64,
    /// The attached services, containers and endpoints, running or not. `None` for a network that is as declared.
    pub attached: Option<Vec<Attached>>,
}

/// Something that is attached to a network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attached {
    /// A service, whether it has tasks or not.
    Service(String),
    /// A container that belongs to no service, whether it runs or not.
    Container(String),
    /// An endpoint that no listed service or container explains.
    Endpoint(String),
}

impl Network {
    /// True if the network is as `desired` declares it.
    pub fn is_as_declared(&self, desired: &desired::Network) -> bool {
        self.differences(desired).is_empty()
    }

    /// Returns the differences from `desired`, in words.
    pub fn differences(&self, desired: &desired::Network) -> Vec<String> {
        let mut differences = Vec::new();
        if self.driver != "overlay" {
            differences.push(format!("its driver is {}, not overlay", self.driver));
        }
        if self.scope != "swarm" {
            differences.push(format!("its scope is {}, not swarm", self.scope));
        }
        if self.attachable != desired.attachable {
            let (is, should) = if desired.attachable { ("not ", "") } else { ("", "not ") };
            differences.push(format!("it is {is}attachable and should {should}be"));
        }
        if let Some(subnet) = desired.subnet.map(|subnet| subnet.to_string())
            && self.subnets != [subnet.clone()]
        {
            let has = if self.subnets.is_empty() { "none".to_owned() } else { self.subnets.join(", ") };
            differences.push(format!("its subnet is {has}, not {subnet}"));
        }
        differences
    }
}

/// Every network of a name that `desired` declares.
pub async fn named(docker: &Docker, desired: &Desired) -> Result<BTreeMap<String, Vec<Network>>, Error> {
    let mut networks: BTreeMap<String, Vec<Network>> =
        desired.networks.keys().map(|name| (name.clone(), Vec::new())).collect();
    if networks.is_empty() {
        return Ok(networks);
    }
    // Docker's filter matches parts of names too.
    let names = networks.keys().cloned().collect::<Vec<_>>();
    let options = ListNetworksOptions { filters: Some(HashMap::from([("name".to_owned(), names)])) };
    let listed = docker.call("list networks", async |client| client.list_networks(Some(options)).await).await?;
    for summary in listed {
        let (Some(name), Some(id)) = (summary.name, summary.id) else { continue };
        let Some(found) = networks.get_mut(&name) else { continue };
        // Removed between list and inspect.
        if let Some(network) = inspect(docker, &name, &id).await? {
            found.push(network);
        }
    }
    for (name, found) in &mut networks {
        found.sort_by(|one, other| one.id.cmp(&other.id));
        let alone = found.len() == 1;
        for network in found {
            if !(alone && desired.networks.get(name).is_some_and(|declared| network.is_as_declared(declared))) {
                network.attached = Some(attached(docker, name, &network.id).await?);
            }
        }
    }
    Ok(networks)
}

async fn inspect(docker: &Docker, name: &str, id: &str) -> Result<Option<Network>, Error> {
    let Some(seen) = look_at(docker, name, id).await? else { return Ok(None) };
    let addresses = addresses(&seen);
    let config = seen.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
    Ok(Some(Network {
        id: id.into(),
        driver: seen.driver.unwrap_or_default(),
        scope: seen.scope.unwrap_or_default(),
        attachable: seen.attachable.unwrap_or(false),
        subnets: config.into_iter().filter_map(|config| config.subnet).collect(),
        addresses_taken: addresses.len() as u64,
        attached: None,
    }))
}

async fn look_at(docker: &Docker, name: &str, id: &str) -> Result<Option<NetworkInspect>, Error> {
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

/// Lists what is attached to the network, running or not.
async fn attached(docker: &Docker, name: &str, id: &str) -> Result<Vec<Attached>, Error> {
    let mut attached = BTreeSet::new();
    let services = match docker.call("list services", async |client| client.list_services(None).await).await {
        Ok(services) => services,
        // A node that is no manager has no services to list, and says so with a refusal.
        Err(error) if error.status() == Some(503) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    attached.extend(services.into_iter().filter_map(|service| service_on(service, name, id)));

    let options = ListContainersOptions { all: true, ..Default::default() };
    let containers = docker.call("list containers", async |client| client.list_containers(Some(options)).await).await?;
    let mut known = BTreeSet::new();
    for container in containers {
        known.extend(container.id.clone());
        attached.extend(container_on(container, name, id));
    }

    // An endpoint that neither list explains still keeps its address.
    let seen = look_at(docker, name, id).await?.and_then(|seen| seen.containers).unwrap_or_default();
    for (key, endpoint) in seen {
        // `lb-<network>` is the network's own.
        if !known.contains(&key) && !key.starts_with("lb-") {
            attached.insert(Attached::Endpoint(endpoint.name.unwrap_or(key)));
        }
    }
    Ok(attached.into_iter().collect())
}

fn service_on(service: Service, network: &str, id: &str) -> Option<Attached> {
    let spec = service.spec?;
    let of_tasks = spec.task_template.and_then(|template| template.networks).unwrap_or_default();
    let of_service = spec.networks.unwrap_or_default();
    let mut targets = of_tasks.into_iter().chain(of_service).filter_map(|attachment| attachment.target);
    let is_on = targets.any(|target| target == id || target == network);
    is_on.then(|| Attached::Service(spec.name.unwrap_or_default()))
}

/// A container of a service is represented by its service.
fn container_on(container: ContainerSummary, network: &str, id: &str) -> Option<Attached> {
    if container.labels.is_some_and(|labels| labels.contains_key("com.docker.swarm.service.id")) {
        return None;
    }
    let networks = container.network_settings?.networks?;
    let is_on = networks.iter().any(|(name, endpoint)| match endpoint.network_id.as_deref() {
        Some(on) if !on.is_empty() => on == id,
        // A container that never ran knows its networks by name alone.
        _ => name == network,
    });
    let name = container.names.and_then(|names| names.into_iter().next()).or(container.id).unwrap_or_default();
    is_on.then(|| Attached::Container(name.trim_start_matches('/').to_owned()))
}
