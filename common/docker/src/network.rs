//! Networks of the swarm.

use std::collections::HashMap;

use bollard::query_parameters::ListNetworksOptions;

use super::{Docker, Error};

/// The id of the network of scope swarm with this name.
pub async fn find(docker: &Docker, name: &str) -> Result<Option<String>, Error> {
    let only = |key: &str, value: &str| (key.to_owned(), vec![value.to_owned()]);
    let options = ListNetworksOptions { filters: Some(HashMap::from([only("name", name), only("scope", "swarm")])) };
    let found = docker.call("list networks", async |client| client.list_networks(Some(options)).await).await?;
    // Docker's filter matches any part of a name.
    Ok(found.into_iter().find(|network| network.name.as_deref() == Some(name)).and_then(|network| network.id))
}
