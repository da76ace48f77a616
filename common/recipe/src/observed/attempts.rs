//! Deploy attempts: configs in Swarm that record the version under trial and the previous one.
//!
//! Written before the deploy, so that a kill at any instant loses nothing.

use std::collections::BTreeMap;

use bollard::models::Config;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names::Names;
use docker::{Docker, Error, MANAGED, OddEntry};

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
    let (mut attempts, mut odd) = (Vec::new(), Vec::new());
    for config in configs {
        match read(config) {
            Ok(attempt) => attempts.push(attempt),
            Err(entry) => odd.push(entry),
        }
    }
    docker.leave_out(odd);
    attempts.sort_by(|one, other| one.tag.cmp(&other.tag));
    Ok(attempts)
}

fn read(config: Config) -> Result<DeployAttempt, OddEntry> {
    let since = config.created_at.and_then(|time| time.parse().ok());
    let spec = config.spec.unwrap_or_default();
    let odd = |why: &str| OddEntry {
        kind: "config".to_owned(),
        name: spec.name.clone().unwrap_or_default(),
        why: format!("{why} the label {ATTEMPT_LABEL}"),
    };
    let label = spec.labels.as_ref().and_then(|labels| labels.get(ATTEMPT_LABEL)).ok_or_else(|| odd("lacks"))?;
    let attempt: DeployAttempt = serde_json::from_str(label).map_err(|_| odd("has an unreadable deploy attempt in"))?;
    Ok(DeployAttempt { since, ..attempt })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(labels: &serde_json::Value) -> Result<DeployAttempt, String> {
        let config = json!({
            "ID": "c1", "CreatedAt": "2026-11-21T11:53:19Z", "Spec": { "Name": "drone_rejected_2.0.0", "Labels": labels },
        });
        read(serde_json::from_value(config).unwrap()).map_err(|odd| odd.to_string())
    }

    #[test]
    fn an_unreadable_attempt_is_named() {
        let attempt = r#"{"tag":"2.0.0","rejected":null,"back_to":"1.0.0","back_env":{},"env":{}}"#;
        let read = config(&json!({ ATTEMPT_LABEL: attempt })).unwrap();
        assert_eq!((read.tag.as_str(), read.since), ("2.0.0", "2026-11-21T11:53:19Z".parse().ok()));
        let unreadable = "config drone_rejected_2.0.0 has an unreadable deploy attempt in the label converge.try";
        for label in ["", "{}", "2.0.0", &attempt.replace("back_to", "back"), &attempt.replace("null", "true")] {
            assert_eq!(config(&json!({ ATTEMPT_LABEL: label })), Err(unreadable.to_owned()), "{label}");
        }
        for labels in [json!({}), json!(null)] {
            assert_eq!(config(&labels), Err("config drone_rejected_2.0.0 lacks the label converge.try".to_owned()));
        }
    }
}
