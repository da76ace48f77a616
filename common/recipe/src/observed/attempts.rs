//! Deploy attempts: configs in Swarm that record the version under trial and the previous one.
//!
//! Written before the deploy, so that a kill at any instant loses nothing.

use std::collections::BTreeMap;

use bollard::models::Config;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names::Names;
use docker::{Docker, Error, MANAGED};

/// The label with the attempt as JSON.
pub const ATTEMPT_LABEL: &str = "converge.try";

/// The attempt to deploy a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeployAttempt {
    /// The version.
    pub tag: String,
    /// The state seen when the version did not become healthy; `None` during the attempt.
    pub rejected: Option<String>,
    /// The previous version.
    pub back_to: String,
    /// The operator's part of the previous environment.
    pub back_env: BTreeMap<String, String>,
    /// The operator's part of the environment of this attempt.
    pub env: BTreeMap<String, String>,
    /// The start, by Swarm's time. Not part of the label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// Reads the recorded attempts of an app of `piece`.
pub async fn observe(docker: &Docker, names: &Names, piece: &str) -> Result<Vec<DeployAttempt>, Error> {
    let filters = json!({ "name": [names.attempt("")], "label": [format!("{MANAGED}={piece}")] });
    let configs: Vec<Config> = docker.list("list configs", "/configs", &filters).await?;
    let mut attempts: Vec<DeployAttempt> = configs.into_iter().filter_map(read).collect();
    attempts.sort_by(|one, other| one.tag.cmp(&other.tag));
    Ok(attempts)
}

fn read(config: Config) -> Option<DeployAttempt> {
    let since = config.created_at.and_then(|time| time.parse().ok());
    let tried: DeployAttempt = serde_json::from_str(config.spec?.labels?.get(ATTEMPT_LABEL)?).ok()?;
    Some(DeployAttempt { since, ..tried })
}
