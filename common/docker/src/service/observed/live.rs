//! The live service in Swarm.

use bollard::models::{Service as Found, ServiceSpec, Task};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::settled;
use crate::settled::Tasks;
use crate::{Docker, Error};

/// A service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveService {
    /// The id.
    pub id: String,
    /// The version of its spec, which an update has to name.
    pub version: u64,
    /// The spec.
    pub spec: ServiceSpec,
    /// The state of its tasks.
    pub tasks: Tasks,
}

/// Reads the service with this name.
pub async fn observe(docker: &Docker, name: &str) -> Result<Option<LiveService>, Error> {
    let Some(found) = find(docker, name).await? else { return Ok(None) };
    let id = found.id.clone().unwrap_or_default();
    let of_service: Vec<Task> = docker.list("list tasks", "/tasks", &json!({ "service": [id] })).await?;
    let mut tasks = settled::evaluate(&found, of_service.iter());
    tasks.read_log(docker, of_service.iter()).await;
    Ok(Some(LiveService {
        version: found.version.and_then(|version| version.index).unwrap_or_default(),
        spec: found.spec.unwrap_or_default(),
        id,
        tasks,
    }))
}

async fn find(docker: &Docker, name: &str) -> Result<Option<Found>, Error> {
    let found: Vec<Found> = docker.list("list services", "/services", &json!({ "name": [name] })).await?;
    // Docker's filter matches the beginning of names.
    let is_it = |found: &Found| found.spec.as_ref().and_then(|spec| spec.name.as_deref()) == Some(name);
    Ok(found.into_iter().find(is_it))
}
