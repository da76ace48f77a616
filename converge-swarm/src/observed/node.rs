//! This node's part in a swarm.

use bollard::models::{self, LocalNodeState, NodeSpecAvailabilityEnum, SwarmInfo};
use docker::Docker;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::Error;

/// This node's part in a swarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// The id in the swarm; empty without one.
    #[serde(default)]
    pub id: String,
    /// The state.
    pub state: NodeState,
    /// True if the node is a manager.
    pub manager: bool,
    /// The tasks that it takes; known to managers alone.
    #[serde(default)]
    pub availability: Option<Availability>,
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

/// A node's availability, in Docker's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Availability {
    /// Swarm starts tasks on it.
    Active,
    /// Swarm starts no new task on it.
    Pause,
    /// Swarm runs no task on it.
    Drain,
}

/// Lists the nodes of the swarm; `None` on a node that is no manager.
pub async fn list(docker: &Docker) -> Result<Option<Vec<models::Node>>, Error> {
    match docker.list("list nodes", "/nodes", &json!({})).await {
        Ok(nodes) => Ok(Some(nodes)),
        Err(error) if error.is_no_manager() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// This node, from the daemon's state and the swarm's nodes.
pub fn read(swarm: SwarmInfo, nodes: Option<&[models::Node]>) -> Result<Node, Error> {
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
    let own = nodes.into_iter().flatten().find(|node| node.id == swarm.node_id);
    let managers = swarm.remote_managers.unwrap_or_default();
    Ok(Node {
        state,
        manager: swarm.control_available.unwrap_or(false),
        availability: own.and_then(availability),
        id: swarm.node_id.unwrap_or_default(),
        address: swarm.node_addr.unwrap_or_default(),
        nodes: swarm.nodes.unwrap_or_default(),
        managers: managers.into_iter().filter_map(|manager| manager.addr).collect(),
        error: swarm.error.unwrap_or_default(),
    })
}

fn availability(node: &models::Node) -> Option<Availability> {
    match node.spec.as_ref()?.availability? {
        NodeSpecAvailabilityEnum::ACTIVE => Some(Availability::Active),
        NodeSpecAvailabilityEnum::PAUSE => Some(Availability::Pause),
        NodeSpecAvailabilityEnum::DRAIN => Some(Availability::Drain),
        NodeSpecAvailabilityEnum::EMPTY => None,
    }
}
