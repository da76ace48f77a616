//! The live service in Swarm.

use std::time::Duration;

use bollard::models::{Service as Found, ServiceSpec, Task};
use bollard::query_parameters::LogsOptions;
use futures_util::TryStreamExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::settled;
use crate::settled::Tasks;
use crate::{Docker, Error, Failure};

/// The number of log lines to show of a service that does not settle.
const LINES: &str = "3";
/// The largest number of characters of them.
const LONGEST: usize = 400;
/// The deadline for the log, which is only extra information.
const DEADLINE: Duration = Duration::from_secs(2);

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
    /// The end of its log, if a task has failed.
    pub log_tail: Option<String>,
}

/// Reads the service with this name.
pub async fn observe(docker: &Docker, name: &str) -> Result<Option<LiveService>, Error> {
    let Some(found) = find(docker, name).await? else { return Ok(None) };
    let id = found.id.clone().unwrap_or_default();
    let tasks: Vec<Task> = list(docker, "list tasks", "/tasks", &json!({ "service": [id] })).await?;
    let tasks = settled::evaluate(&found, tasks.iter());
    let has_failed = tasks.message.is_some();
    Ok(Some(LiveService {
        version: found.version.and_then(|version| version.index).unwrap_or_default(),
        spec: found.spec.unwrap_or_default(),
        log_tail: if has_failed { log_tail(docker, &id).await } else { None },
        id,
        tasks,
    }))
}

async fn find(docker: &Docker, name: &str) -> Result<Option<Found>, Error> {
    let found: Vec<Found> = list(docker, "list services", "/services", &json!({ "name": [name] })).await?;
    // Docker's filter matches the beginning of names.
    let is_it = |found: &Found| found.spec.as_ref().and_then(|spec| spec.name.as_deref()) == Some(name);
    Ok(found.into_iter().find(is_it))
}

/// Reads a list of services or tasks.
async fn list<T: DeserializeOwned>(docker: &Docker, what: &str, path: &str, filters: &Value) -> Result<Vec<T>, Error> {
    let mut listed = docker.read(what, path, filters).await?;
    for entry in listed.as_array_mut().into_iter().flatten() {
        for at in ["/Spec/TaskTemplate/ContainerSpec", "/Spec/ContainerSpec"] {
            // The client library has another name for it, and would leave it out.
            if let Some(Value::Object(container)) = entry.pointer_mut(at)
                && let Some(check) = container.remove("Healthcheck")
            {
                container.insert("HealthCheck".to_owned(), check);
            }
        }
    }
    serde_json::from_value(listed).map_err(|_| Error::new(what, Failure::NotDocker))
}

/// The end of its log, on one line.
async fn log_tail(docker: &Docker, id: &str) -> Option<String> {
    let options = LogsOptions { stdout: true, stderr: true, tail: LINES.to_owned(), ..Default::default() };
    let docker = docker.within(DEADLINE);
    let log = docker.call("read the log", async |client| {
        let lines = client.service_logs(id, Some(options));
        lines.try_fold(String::new(), async |all, line| Ok(all + &line.to_string() + "\n")).await
    });
    let log = log.await.ok()?;
    let lines: Vec<&str> = log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let words: String = lines.join(" | ").chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    (!words.is_empty()).then_some(words)
}
