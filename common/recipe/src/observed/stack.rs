//! The live stack of an app.

use std::collections::BTreeMap;

use bollard::models::{ServiceSpec, TaskSpecContainerSpec};
use serde::{Deserialize, Serialize};

use crate::names::Names;
use docker::settled;
use docker::settled::Tasks;
use docker::{Docker, Error};

/// One service of the stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackService {
    /// The name.
    pub name: String,
    /// The state of its tasks.
    pub tasks: Tasks,
    /// The replicas that the recipe declares. Read only for a service without any; `None` if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<u64>,
}

/// The service that answers requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppService {
    /// The recipe's version, from abra's label.
    pub version: Option<String>,
    /// The commit of a deployed checkout that is not a release.
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
    /// The services.
    pub services: Vec<StackService>,
    /// The one that answers requests.
    pub app: Option<AppService>,
}

/// Reads the stack of an app.
pub async fn observe(docker: &Docker, names: &Names) -> Result<Stack, Error> {
    let app_name = names.app_service();
    let mut seen = Stack::default();
    for (service, tasks) in settled::stack(docker, &names.stack).await? {
        let Some(spec) = service.spec else { continue };
        let name = spec.name.clone().unwrap_or_default();
        if name == app_name {
            seen.app = Some(app(&names.stack, spec));
        }
        seen.services.push(StackService { name, tasks, declared: None });
    }
    seen.services.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(seen)
}

fn app(stack: &str, spec: ServiceSpec) -> AppService {
    let labels = spec.labels.unwrap_or_default();
    let label = |name: &str| labels.get(&format!("coop-cloud.{stack}.{name}")).cloned();
    let container: TaskSpecContainerSpec =
        spec.task_template.and_then(|template| template.container_spec).unwrap_or_default();
    let env = container.env.unwrap_or_default();
    let pairs = env.iter().map(|line| line.split_once('=').unwrap_or((line, "")));
    let mut secrets: Vec<String> =
        container.secrets.unwrap_or_default().into_iter().filter_map(|secret| secret.secret_name).collect();
    secrets.sort();
    AppService {
        version: label("version"),
        chaos: label("chaos-version").filter(|_| label("chaos").as_deref() == Some("true")),
        env: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        secrets,
    }
}

impl Stack {
    /// The running version, from abra's label.
    pub fn version(&self) -> Option<&str> {
        self.app.as_ref()?.version.as_deref()
    }

    /// The deployed version in words, or the commit of a checkout that is not a release.
    pub fn version_in_words(&self) -> Option<&str> {
        let app = self.app.as_ref()?;
        Some(app.chaos.as_ref().or(app.version.as_ref()).map_or("no known version", String::as_str))
    }

    /// True if the app uses the secret with this name.
    pub fn uses(&self, secret: &str) -> bool {
        self.app.iter().any(|app| app.secrets.iter().any(|used| used == secret))
    }

    /// The services that are not settled.
    pub fn unsettled(&self) -> impl Iterator<Item = &StackService> {
        self.services.iter().filter(|service| !service.tasks.are_settled())
    }
}
