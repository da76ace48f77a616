//! The JSON of Drone's RPC, under Drone's names. The server stores a reported stage as a whole, so unknown fields of a stage
//! are sent back unchanged.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use http::drone::Status;

/// The filter for offered stages: `exec` pipelines for this platform.
#[derive(Debug, Clone, Serialize)]
pub struct Filter {
    kind: &'static str,
    #[serde(rename = "type")]
    kind_type: &'static str,
    os: &'static str,
    arch: &'static str,
    variant: &'static str,
    kernel: &'static str,
}

/// This machine's architecture, under Go's name.
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self { kind: "pipeline", kind_type: "exec", os: "linux", arch: architecture(), variant: "", kernel: "" }
    }
}

/// One pipeline of a build.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Stage {
    /// The id, unique on the server.
    pub id: i64,
    /// The id of the build.
    #[serde(default)]
    pub build_id: i64,
    /// The number within the build, from 1.
    #[serde(default)]
    pub number: i64,
    /// The pipeline's name.
    #[serde(default)]
    pub name: String,
    /// The status.
    #[serde(default)]
    pub status: Status,
    /// The error that Drone's page shows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// The exit code of the failed step.
    #[serde(default)]
    pub exit_code: i32,
    /// The name of the runner.
    #[serde(default)]
    pub machine: String,
    /// Seconds since 1970; 0 = not yet.
    #[serde(default)]
    pub started: i64,
    /// Seconds since 1970; 0 = not yet.
    #[serde(default)]
    pub stopped: i64,
    /// The version, changed by every report. The server refuses a report with an old one.
    #[serde(default)]
    pub version: i64,
    /// The steps, in order.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub steps: Vec<Step>,
    /// All other fields.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Stage {
    /// Ends the stage now, with those of its steps that have not ended.
    pub fn end(&mut self, status: Status, error: &str, now: i64) {
        self.status = status;
        error.clone_into(&mut self.error);
        self.stopped = now;
        if self.started == 0 {
            self.started = now;
        }
        for step in self.steps.iter_mut().filter(|step| !step.status.is_over()) {
            step.status = if step.started == 0 { Status::Skipped } else { Status::Killed };
            step.stopped = now;
            step.started = if step.started == 0 { now } else { step.started };
        }
    }

    /// Copies the fields that the server sets: versions, and the ids of steps.
    pub fn merge(&mut self, answer: Self) {
        self.version = answer.version;
        if let Some(updated) = answer.rest.get("updated") {
            self.rest.insert("updated".into(), updated.clone());
        }
        for theirs in answer.steps {
            if let Some(ours) = self.steps.iter_mut().find(|step| step.number == theirs.number) {
                ours.id = theirs.id;
                ours.version = theirs.version;
            }
        }
    }
}

/// One step of a stage.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Step {
    /// The id, set by the server.
    #[serde(default)]
    pub id: i64,
    /// The id of the stage, under Drone's name for it.
    #[serde(default, rename = "step_id")]
    pub stage_id: i64,
    /// The number within the stage, from 1.
    pub number: i64,
    /// The name.
    pub name: String,
    /// The status.
    #[serde(default)]
    pub status: Status,
    /// The error that Drone's page shows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// True if a failure of the step does not fail the stage.
    #[serde(default, skip_serializing_if = "is_false")]
    pub errignore: bool,
    /// The exit code.
    #[serde(default)]
    pub exit_code: i32,
    /// Seconds since 1970; 0 = not yet.
    #[serde(default)]
    pub started: i64,
    /// Seconds since 1970; 0 = not yet.
    #[serde(default)]
    pub stopped: i64,
    /// The version, changed by every report.
    #[serde(default)]
    pub version: i64,
    /// The names of the steps before it.
    #[serde(default, deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// True if later steps do not wait for its end.
    #[serde(default, skip_serializing_if = "is_false")]
    pub detached: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it by reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Go writes an empty list as `null`.
fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A stage with everything that a runner needs for it.
#[derive(Debug, Clone, Deserialize)]
pub struct Details {
    /// The build.
    pub build: Build,
    /// The stage as the server has it.
    pub stage: Stage,
    /// The pipeline file.
    pub config: Config,
    /// The login for the clone of the repository.
    #[serde(default)]
    pub netrc: Option<Netrc>,
    /// The repository.
    pub repository: Repository,
    /// The secrets that the pipeline may use.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub secrets: Vec<Secret>,
    /// The server.
    #[serde(default)]
    pub system: System,
}

/// A build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "Drone's own names")]
pub struct Build {
    pub id: i64,
    pub number: i64,
    pub parent: i64,
    pub status: Status,
    pub event: String,
    pub action: String,
    pub link: String,
    pub title: String,
    pub message: String,
    pub before: String,
    pub after: String,
    #[serde(rename = "ref")]
    pub reference: String,
    pub source: String,
    pub target: String,
    pub author_login: String,
    pub author_name: String,
    pub author_email: String,
    pub author_avatar: String,
    pub trigger: String,
    pub cron: String,
    pub deploy_to: String,
    pub debug: bool,
    pub started: i64,
    pub finished: i64,
    pub created: i64,
    #[serde(deserialize_with = "null_is_empty")]
    pub params: BTreeMap<String, String>,
}

/// A file.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// The content, in base64.
    #[serde(rename = "Data", alias = "data")]
    pub data: String,
}

/// A login for the clone of a repository.
#[derive(Clone, Deserialize)]
#[allow(missing_docs, reason = "Drone's own names")]
pub struct Netrc {
    #[serde(default)]
    pub machine: String,
    #[serde(default)]
    pub login: String,
    #[serde(default)]
    pub password: String,
}

impl fmt::Debug for Netrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Netrc").field("machine", &self.machine).finish_non_exhaustive()
    }
}

/// A repository.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "Drone's own names")]
pub struct Repository {
    pub id: i64,
    pub namespace: String,
    pub name: String,
    pub slug: String,
    pub scm: String,
    pub git_http_url: String,
    pub git_ssh_url: String,
    pub link: String,
    pub default_branch: String,
    pub private: bool,
    pub visibility: String,
    pub trusted: bool,
    /// Minutes.
    pub timeout: u64,
}

/// A secret stored in Drone.
#[derive(Clone, Deserialize)]
pub struct Secret {
    /// The name.
    #[serde(default)]
    pub name: String,
    /// The value.
    #[serde(default)]
    pub data: String,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The server.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "Drone's own names")]
pub struct System {
    pub proto: String,
    pub host: String,
    pub link: String,
    pub version: String,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The number of the line, from 0.
    pub pos: u64,
    /// The text, with its newline.
    pub out: String,
    /// Seconds since the start of the step.
    pub time: u64,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_of_a_stage_are_sent_back_unchanged() {
        let received = json!({
            "id": 7, "repo_id": 1, "build_id": 3, "number": 1, "name": "default", "kind": "pipeline", "type": "exec",
            "status": "pending", "errignore": false, "exit_code": 0, "machine": "", "os": "linux", "arch": "amd64",
            "started": 0, "stopped": 0, "created": 5, "updated": 6, "version": 2, "on_success": true,
            "on_failure": false, "labels": {"a": "b"}, "steps": null,
        });
        let stage: Stage = serde_json::from_value(received.clone()).unwrap();
        let mut back = serde_json::to_value(&stage).unwrap();
        back["steps"] = json!(null);
        assert_eq!(back, received);
    }

    #[test]
    fn an_unknown_status_is_not_an_end() {
        let stage: Stage = serde_json::from_value(json!({ "id": 1, "status": "new-in-3.0" })).unwrap();
        assert!(!stage.status.is_over());
    }
}
