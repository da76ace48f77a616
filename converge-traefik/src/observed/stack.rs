//! The stack as it runs.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{Service, ServiceSpec, TaskSpecContainerSpec};
use bollard::query_parameters::ListServicesOptions;
use common::docker::Docker;
use common::docker::settled::{self, Tasks};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::names;

/// One service of the stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Running {
    /// Its name.
    pub name: String,
    /// How far it is from what its spec says.
    pub tasks: Tasks,
}

/// The service that answers requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// The recipe's version, as abra's label says.
    pub version: Option<String>,
    /// The commit a checkout that is no release was deployed at.
    pub chaos: Option<String>,
    /// The environment abra gave it: every key of the `.env`.
    pub env: BTreeMap<String, String>,
    /// The secrets it uses.
    pub secrets: Vec<String>,
}

/// The stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stack {
    /// Its services.
    pub services: Vec<Running>,
    /// The one that answers requests.
    pub app: Option<App>,
}

/// A router that asks an ACME resolver for certificates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcmeRouter {
    /// The service whose label it is.
    pub service: String,
    /// The label.
    pub label: String,
    /// The resolver it names.
    pub resolver: String,
}

/// Reads the stack of the app under `domain`.
pub async fn observe(docker: &Docker, domain: &str) -> Result<Stack, Error> {
    let stack = names::stack(domain);
    let app_name = names::app_service(domain);
    let mut seen = Stack::default();
    for (service, tasks) in settled::stack(docker, &stack).await? {
        let Some(spec) = service.spec else { continue };
        let name = spec.name.clone().unwrap_or_default();
        if name == app_name {
            seen.app = Some(app(&stack, spec));
        }
        seen.services.push(Running { name, tasks });
    }
    seen.services.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(seen)
}

fn app(stack: &str, spec: ServiceSpec) -> App {
    let labels = spec.labels.unwrap_or_default();
    let label = |name: &str| labels.get(&format!("coop-cloud.{stack}.{name}")).cloned();
    let container: TaskSpecContainerSpec =
        spec.task_template.and_then(|template| template.container_spec).unwrap_or_default();
    let env = container.env.unwrap_or_default();
    let pairs = env.iter().map(|line| line.split_once('=').unwrap_or((line, "")));
    let mut secrets: Vec<String> =
        container.secrets.unwrap_or_default().into_iter().filter_map(|secret| secret.secret_name).collect();
    secrets.sort();
    App {
        version: label("version"),
        chaos: label("chaos-version").filter(|_| label("chaos").as_deref() == Some("true")),
        env: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        secrets,
    }
}

/// Routers of any service that name an ACME resolver: with one, Traefik would ask for certificates by itself.
pub async fn acme_routers(docker: &Docker) -> Result<Vec<AcmeRouter>, Error> {
    // Only these are routed at all.
    let filters = HashMap::from([("label".to_owned(), vec!["traefik.enable=true".to_owned()])]);
    let options = ListServicesOptions { filters: Some(filters), ..Default::default() };
    let routed = docker.call("list routed services", async |client| client.list_services(Some(options)).await).await?;
    let mut routers: Vec<AcmeRouter> = routed.into_iter().flat_map(routers_of).collect();
    routers.sort();
    Ok(routers)
}

fn routers_of(service: Service) -> Vec<AcmeRouter> {
    let Some(spec) = service.spec else { return Vec::new() };
    let name = spec.name.unwrap_or_default();
    let labels = spec.labels.unwrap_or_default().into_iter();
    labels
        .filter(|(label, resolver)| {
            let label = label.to_ascii_lowercase();
            label.starts_with("traefik.http.routers.") && label.ends_with(".tls.certresolver") && !resolver.is_empty()
        })
        .map(|(label, resolver)| AcmeRouter { service: name.clone(), label, resolver })
        .collect()
}
