//! The changes of the swarm, one mutation each.

use std::collections::HashMap;
use std::fmt;

use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest, SwarmInitRequest, SwarmSpec, SwarmSpecOrchestration};
use bollard::query_parameters::UpdateSwarmOptions;

use docker::Docker;
use serde::{Deserialize, Serialize};

use crate::desired::{AddressPools, Network};
use crate::error::Error;
use crate::{NAME, Swarm};

/// Swarm's own port for managers.
const MANAGER_PORT: u16 = 2377;

/// One mutation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Make a swarm of this node.
    Initialise {
        /// The address it advertises.
        advertise_address: String,
        /// The address pools.
        address_pools: Option<AddressPools>,
        /// The number of ended tasks that Docker keeps.
        task_history: Option<u32>,
    },
    /// Set the number of ended tasks that Docker keeps.
    SetTaskHistory {
        /// The number.
        limit: u32,
    },
    /// Remove a network without attachments.
    RemoveNetwork {
        /// The name.
        name: String,
        /// The id: another network may have the same name.
        id: String,
    },
    /// Create a network.
    CreateNetwork {
        /// The name.
        name: String,
        /// The network as declared.
        network: Network,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Initialise { advertise_address, .. } => write!(f, "initialise a swarm at {advertise_address}"),
            Self::SetTaskHistory { limit } => write!(f, "set the swarm's task history to {limit}"),
            Self::RemoveNetwork { name, id } => {
                write!(f, "remove network {name} ({})", id.get(..12).unwrap_or(id))
            }
            Self::CreateNetwork { name, network: Network { subnet: Some(subnet), .. } } => {
                write!(f, "create network {name} ({subnet})")
            }
            Self::CreateNetwork { name, .. } => write!(f, "create network {name}"),
        }
    }
}

impl converge::Change<Swarm> for Change {
    fn object(&self) -> String {
        match self {
            Self::Initialise { .. } | Self::SetTaskHistory { .. } => "swarm".into(),
            Self::RemoveNetwork { name, .. } | Self::CreateNetwork { name, .. } => format!("network/{name}"),
        }
    }

    async fn apply(&self, on: &Swarm) -> Result<(), Error> {
        let docker = &on.docker;
        match self {
            Self::Initialise { advertise_address, address_pools, task_history } => {
                initialise(docker, advertise_address, address_pools.as_ref(), *task_history).await
            }
            Self::SetTaskHistory { limit } => set_task_history(docker, *limit).await,
            Self::RemoveNetwork { name, id } => {
                let removed =
                    docker.call(format!("remove network {name}"), async |client| client.remove_network(id).await).await;
                match removed {
                    Err(error) if is_being_removed(&error) => Err(Error::BeingRemoved { name: name.clone() }),
                    Err(error) if !error.is_not_found() => Err(error.into()),
                    _ => Ok(()),
                }
            }
            Self::CreateNetwork { name, network } => create_network(docker, name, network).await,
        }
    }
}

/// The swarm has removed the network and this node has not yet: Docker still lists it, and refuses to remove it (500).
fn is_being_removed(error: &docker::Error) -> bool {
    error.status() == Some(500) && error.message().is_some_and(|message| message.contains("not found"))
}

async fn initialise(
    docker: &Docker,
    advertise_address: &str,
    address_pools: Option<&AddressPools>,
    task_history: Option<u32>,
) -> Result<(), Error> {
    let request = SwarmInitRequest {
        listen_addr: Some(format!("0.0.0.0:{MANAGER_PORT}")),
        advertise_addr: Some(advertise_address.into()),
        default_addr_pool: address_pools.map(|given| given.pools.iter().map(ToString::to_string).collect()),
        subnet_size: address_pools.map(|given| given.subnet_size.into()),
        spec: Some(SwarmSpec { orchestration: task_history.map(orchestration), ..Default::default() }),
        ..Default::default()
    };
    match docker.call("initialise the swarm", async |client| client.init_swarm(request).await).await {
        Ok(_) => Ok(()),
        Err(error) if error.message().is_some_and(|message| message.contains("already part of a swarm")) => {
            Err(Error::AlreadyInSwarm)
        }
        Err(error) => Err(error.into()),
    }
}

async fn set_task_history(docker: &Docker, limit: u32) -> Result<(), Error> {
    let swarm = docker.call("read the swarm's settings", async |client| client.inspect_swarm().await).await?;
    let incomplete = |field| Error::Incomplete { call: "inspect swarm", field };
    let index = swarm.version.and_then(|version| version.index).ok_or(incomplete("Version.Index"))?;
    let mut spec = swarm.spec.ok_or(incomplete("Spec"))?;
    spec.orchestration = Some(orchestration(limit));
    // With the index Docker refuses our update if another writer was faster.
    let version = i64::try_from(index).map_err(|_| incomplete("Version.Index that fits"))?;
    let options = UpdateSwarmOptions { version, ..Default::default() };
    Ok(docker.call("update the swarm's settings", async |client| client.update_swarm(spec, options).await).await?)
}

fn orchestration(limit: u32) -> SwarmSpecOrchestration {
    SwarmSpecOrchestration { task_history_retention_limit: Some(limit.into()) }
}

async fn create_network(docker: &Docker, name: &str, network: &Network) -> Result<(), Error> {
    let config = IpamConfig { subnet: network.subnet.map(|subnet| subnet.to_string()), ..Default::default() };
    let request = NetworkCreateRequest {
        name: name.into(),
        driver: Some("overlay".into()),
        attachable: Some(network.attachable),
        ipam: network.subnet.is_some().then(|| Ipam { config: Some(vec![config]), ..Default::default() }),
        labels: Some(HashMap::from([(docker::MANAGED.to_owned(), NAME.to_owned())])),
        ..Default::default()
    };
    docker.call(format!("create network {name}"), async |client| client.create_network(request).await).await?;
    Ok(())
}
