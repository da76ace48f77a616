//! Observes the swarm. Reads only.

mod journal;
mod network;

use std::collections::BTreeMap;

use bollard::models::{ClusterInfo, LocalNodeState, SwarmInfo, SystemInfo};
use docker::Docker;
use serde::{Deserialize, Serialize};

pub use network::{Attached, Network};

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
    /// The number of services without an address within the last hour, from Docker's journal.
    #[serde(default)]
    pub allocation_failures: Option<u64>,
}

/// This node's part in a swarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// The state.
    pub state: NodeState,
    /// True if the node is a manager.
    pub manager: bool,
    /// The address it advertises.
    pub address: String,
    /// The number of nodes, this one included.
    pub nodes: i64,
    /// The managers that the node knows.
    pub managers: Vec<String>,
    /// Docker's error message; empty without one.
    pub error: String,
}

/// A node's state, in Docker's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// In no swarm.
    Inactive,
    /// Joining one.
    Pending,
    /// In one.
    Active,
    /// In one that does not work.
    Error,
    /// In one whose keys are locked away.
    Locked,
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
    // Three calls at once: the daemon's state is the slow one.
    let (info, networks, allocation_failures) =
        tokio::join!(info, network::named(docker, desired), journal::allocation_failures());
    let SystemInfo { swarm, live_restore_enabled, .. } = info?;
    let mut swarm = swarm.ok_or(Error::Incomplete { call: "info", field: "Swarm" })?;
    let cluster = swarm.cluster.take();
    Ok(Observed {
        live_restore: live_restore_enabled.unwrap_or(false),
        node: node(swarm)?,
        cluster: cluster.map(settings),
        networks: networks?,
        allocation_failures,
    })
}

fn node(swarm: SwarmInfo) -> Result<Node, Error> {
    let state = match swarm.local_node_state {
        Some(LocalNodeState::INACTIVE) => NodeState::Inactive,
        Some(LocalNodeState::PENDING) => NodeState::Pending,
        Some(LocalNodeState::ACTIVE) => NodeState::Active,
        Some(LocalNodeState::ERROR) => NodeState::Error,
        Some(LocalNodeState::LOCKED) => NodeState::Locked,
        Some(LocalNodeState::EMPTY) | None => {
            return Err(Error::Incomplete { call: "info", field: "Swarm.LocalNodeState" });
        }
    };
    let managers = swarm.remote_managers.unwrap_or_default();
    Ok(Node {
        state,
        manager: swarm.control_available.unwrap_or(false),
        address: swarm.node_addr.unwrap_or_default(),
        nodes: swarm.nodes.unwrap_or_default(),
        managers: managers.into_iter().filter_map(|manager| manager.addr).collect(),
        error: swarm.error.unwrap_or_default(),
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
