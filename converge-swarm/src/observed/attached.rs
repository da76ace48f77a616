//! The things that are attached to a network.

use std::collections::BTreeSet;

use bollard::models::{ContainerSummary, Service};
use docker::list::Entry;
use docker::{Docker, OddEntry};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::network;
use crate::error::Error;

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

/// Lists what is attached to the network, running or not.
pub async fn list(docker: &Docker, name: &str, id: &str) -> Result<Vec<Attached>, Error> {
    let mut attached = BTreeSet::new();
    let services = match docker.list("list services", "/services", &json!({})).await {
        Ok(services) => services,
        // A node that is no manager has no services to list, and says so with a refusal.
        Err(error) if error.is_no_manager() => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    attached.extend(services.into_iter().filter_map(|service| service_on(service, name, id)));

    let containers: Vec<ContainerSummary> =
        docker.list("list containers", "/containers/json?all=true", &json!({})).await?;
    let mut known = BTreeSet::new();
    for container in containers {
        known.extend(container.id.clone());
        attached.extend(container_on(container, name, id));
    }

    attached.extend(docker.odd_entries().into_iter().filter_map(unknown));

    // An endpoint that neither list explains still keeps its address.
    let seen = network::inspect(docker, name, id).await?.and_then(|seen| seen.containers).unwrap_or_default();
    for (key, endpoint) in seen {
        // `lb-<network>` is the network's own.
        if !known.contains(&key) && !key.starts_with("lb-") {
            attached.insert(Attached::Endpoint(endpoint.name.unwrap_or(key)));
        }
    }
    Ok(attached.into_iter().collect())
}

/// A service or container that cannot be read may be attached to any network.
fn unknown(entry: OddEntry) -> Option<Attached> {
    match entry.kind.as_str() {
        Service::KIND => Some(Attached::Service(entry.name)),
        ContainerSummary::KIND => Some(Attached::Container(entry.name)),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_or_container_that_cannot_be_read_keeps_the_network() {
        let entry = |kind: &str| OddEntry { kind: kind.into(), name: "a1".into(), why: "has no spec".into() };
        assert_eq!(unknown(entry("service")), Some(Attached::Service("a1".into())));
        assert_eq!(unknown(entry("container")), Some(Attached::Container("a1".into())));
        assert_eq!(unknown(entry("network")), None);
    }
}
