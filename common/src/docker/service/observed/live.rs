//! The service as it is.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::{Service as Found, ServiceSpec};
use bollard::query_parameters::{ListServicesOptions, ListTasksOptions, LogsOptions};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};

use crate::docker::settled::{self, Tasks};
use crate::docker::{Docker, Error};

/// Lines of its log that are told of a service that does not settle.
const LINES: &str = "3";
/// Characters of them that are told.
const LONGEST: usize = 400;
/// How long its log may take: it only tells more.
const PATIENCE: Duration = Duration::from_secs(2);

/// A service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its id.
    pub id: String,
    /// The version of its spec, which an update has to name.
    pub version: u64,
    /// Its spec.
    pub spec: ServiceSpec,
    /// How far it is from what its spec says.
    pub tasks: Tasks,
    /// The last it wrote to its log, where a task of it has failed.
    pub last_words: Option<String>,
}

/// Reads the service with this name.
pub async fn observe(docker: &Docker, name: &str) -> Result<Option<Service>, Error> {
    let filters = Some(HashMap::from([("name".to_owned(), vec![name.to_owned()])]));
    let options = ListServicesOptions { filters, ..Default::default() };
    let services = docker.call("list services", async |client| client.list_services(Some(options)).await).await?;
    // Docker's filter matches the beginning of names.
    let is_it = |found: &Found| found.spec.as_ref().and_then(|spec| spec.name.as_deref()) == Some(name);
    let Some(found) = services.into_iter().find(is_it) else { return Ok(None) };
    let id = found.id.clone().unwrap_or_default();
    let options = ListTasksOptions { filters: Some(HashMap::from([("service".to_owned(), vec![id.clone()])])) };
    let what = format!("list the tasks of {name}");
    let tasks = docker.call(what, async |client| client.list_tasks(Some(options)).await).await?;
    let tasks = settled::judge(&found, tasks.iter());
    let has_failed = tasks.said.is_some();
    Ok(Some(Service {
        version: found.version.and_then(|version| version.index).unwrap_or_default(),
        spec: found.spec.unwrap_or_default(),
        last_words: if has_failed { last_words(docker, &id).await } else { None },
        id,
        tasks,
    }))
}

/// The end of its log, on one line.
async fn last_words(docker: &Docker, id: &str) -> Option<String> {
    let options = LogsOptions { stdout: true, stderr: true, tail: LINES.to_owned(), ..Default::default() };
    let docker = docker.within(PATIENCE);
    let log = docker.call("read the log", async |client| {
        let lines = client.service_logs(id, Some(options));
        lines.try_fold(String::new(), async |all, line| Ok(all + &line.to_string() + "\n")).await
    });
    let log = log.await.ok()?;
    let lines: Vec<&str> = log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let words: String = lines.join(" | ").chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    (!words.is_empty()).then_some(words)
}
