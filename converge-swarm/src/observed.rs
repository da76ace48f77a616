//! Observes the swarm. Reads only.

mod attached;
mod journal;
mod network;
mod node;

use std::collections::BTreeMap;

use bollard::models::{ClusterInfo, SystemInfo};
use docker::{Docker, OddEntry};
use serde::{Deserialize, Serialize};

pub use attached::Attached;
pub use network::{Network, Taken};
pub use node::{Availability, Node, NodeState};

use crate::desired::Desired;
use crate::error::Error;

/// The swarm and the networks of the declared names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// True if `live-restore` is on, which Swarm does not allow.
    pub live_restore: bool,
    /// This node.
    pub node: Node,
    /// The swarm's settings; known to managers alone.
    pub cluster: Option<Cluster>,
    /// Every network of a declared name, in whatever scope.
    pub networks: BTreeMap<String, Vec<Network>>,
    /// The subnets of all networks, in whatever scope.
    #[serde(default)]
    pub taken: Vec<Taken>,
    /// True if the swarm has its network for ports published in ingress mode; `None` on a node that is no manager.
    #[serde(default)]
    pub ingress: Option<bool>,
    /// The number of services without an address within the last hour, from Docker's journal.
    #[serde(default)]
    pub allocation_failures: Option<u64>,
    /// The entries of Docker's lists that were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub odd_entries: Vec<OddEntry>,
}

/// A swarm's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// The number of ended tasks that Docker keeps for each slot.
    pub task_history: Option<i64>,
    /// The address pools.
    pub address_pools: Vec<String>,
    /// The prefix length of subnets taken from them.
    pub subnet_size: u32,
}

/// Reads the swarm and the networks `desired` names.
pub async fn observe(docker: &Docker, desired: &Desired) -> Result<Observed, Error> {
    let info = docker.call("read the daemon's state", async |client| client.info().await);
    let in_swarm = async {
        // First: without an answering manager, Docker leaves the swarm's networks out of its list and reports no error.
        let nodes = node::list(docker).await?;
        let listed = network::list(docker).await?;
        let networks = network::named(docker, desired, &listed).await?;
        Ok::<_, Error>((nodes, listed, networks))
    };
    // Three at once: the daemon's state is the slow one.
    let (info, in_swarm, allocation_failures) = tokio::join!(info, in_swarm, journal::allocation_failures());
    let SystemInfo { swarm, live_restore_enabled, .. } = info?;
    let mut swarm = swarm.ok_or(Error::Incomplete { call: "info", field: "Swarm" })?;
    let (nodes, listed, networks) = in_swarm?;
    let cluster = swarm.cluster.take();
    let node = node::read(swarm, nodes.as_deref())?;
    if node.state == NodeState::Active && node.manager && nodes.is_none() {
        return Err(Error::NoAnswerYet);
    }
    Ok(Observed {
        live_restore: live_restore_enabled.unwrap_or(false),
        node,
        cluster: cluster.map(settings),
        networks,
        taken: network::taken(&listed),
        ingress: nodes.map(|_| listed.iter().any(|network| network.ingress == Some(true))),
        allocation_failures,
        odd_entries: docker.odd_entries(),
    })
}

fn settings(cluster: ClusterInfo) -> Cluster {
    let orchestration = cluster.spec.and_then(|spec| spec.orchestration);
    Cluster {
        task_history: orchestration.and_then(|orchestration| orchestration.task_history_retention_limit),
        address_pools: cluster.default_addr_pool.unwrap_or_default(),
        subnet_size: cluster.subnet_size.unwrap_or_default(),
    }
}
