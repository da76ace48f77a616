//! Networks of the swarm.

use bollard::models::Network;
use serde_json::json;

use super::{Docker, Error};

/// The id of the network of scope swarm with this name.
pub async fn find(docker: &Docker, name: &str) -> Result<Option<String>, Error> {
    let filters = json!({ "name": [name], "scope": ["swarm"] });
    let found: Vec<Network> = docker.list("list networks", "/networks", &filters).await?;
    // Docker's filter matches any part of a name.
    Ok(found.into_iter().find(|network| network.name.as_deref() == Some(name)).and_then(|network| network.id))
}
