//! The server's data, in the shape of its API.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

/// The rule of Go's `omitempty`.
fn is_empty<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Reads `null` as the empty value, as Go does.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    pub id: i64,
    pub login: String,
    pub email: String,
    pub machine: bool,
    pub admin: bool,
    pub active: bool,
    pub avatar: String,
    pub syncing: bool,
    pub synced: i64,
    pub created: i64,
    pub updated: i64,
    pub last_login: i64,
}

/// An account with the fields that no answer shows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    pub user: User,
    pub access_token: String,
    pub refresh_token: String,
    pub expires: i64,
    pub token: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Repository {
    pub id: i64,
    pub uid: String,
    pub user_id: i64,
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
    pub active: bool,
    pub config_path: String,
    pub trusted: bool,
    pub protected: bool,
    pub ignore_forks: bool,
    pub ignore_pull_requests: bool,
    pub auto_cancel_pull_requests: bool,
    pub auto_cancel_pushes: bool,
    pub timeout: i64,
    #[serde(skip_serializing_if = "is_empty")]
    pub throttle: i64,
    pub counter: i64,
    pub synced: i64,
    pub created: i64,
    pub updated: i64,
    pub version: i64,
}

/// A repository with the fields that no answer shows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    pub repository: Repository,
    pub signer: String,
    pub secret: String,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Permission {
    pub read: bool,
    pub write: bool,
    pub admin: bool,
}

/// An account's permission for a repository, with the time of the request to Gitea.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Grant {
    pub user_id: i64,
    pub repository: String,
    pub may: Permission,
    pub asked: i64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Build {
    pub id: i64,
    pub repo_id: i64,
    pub trigger: String,
    pub number: i64,
    #[serde(skip_serializing_if = "is_empty")]
    pub parent: i64,
    pub status: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub error: String,
    pub event: String,
    pub action: String,
    pub link: String,
    pub timestamp: i64,
    #[serde(skip_serializing_if = "is_empty")]
    pub title: String,
    pub message: String,
    pub before: String,
    pub after: String,
    #[serde(rename = "ref")]
    pub reference: String,
    pub source_repo: String,
    pub source: String,
    pub target: String,
    pub author_login: String,
    pub author_name: String,
    pub author_email: String,
    pub author_avatar: String,
    pub sender: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub params: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_empty")]
    pub debug: bool,
    pub started: i64,
    pub finished: i64,
    pub created: i64,
    pub updated: i64,
    pub version: i64,
    #[serde(skip_serializing_if = "is_empty", skip_deserializing)]
    pub stages: Vec<Stage>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stage {
    pub id: i64,
    pub repo_id: i64,
    pub build_id: i64,
    pub number: i64,
    pub name: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub kind: String,
    #[serde(rename = "type", skip_serializing_if = "is_empty")]
    pub type_: String,
    pub status: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub error: String,
    pub errignore: bool,
    pub exit_code: i64,
    #[serde(skip_serializing_if = "is_empty")]
    pub machine: String,
    pub os: String,
    pub arch: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub variant: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub kernel: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub limit: i64,
    #[serde(skip_serializing_if = "is_empty")]
    pub throttle: i64,
    pub started: i64,
    pub stopped: i64,
    pub created: i64,
    pub updated: i64,
    pub version: i64,
    pub on_success: bool,
    pub on_failure: bool,
    #[serde(skip_serializing_if = "is_empty", deserialize_with = "or_default")]
    pub depends_on: Vec<String>,
    #[serde(skip_serializing_if = "is_empty", deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_empty", deserialize_with = "or_default")]
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Step {
    pub id: i64,
    #[serde(rename = "step_id")]
    pub stage_id: i64,
    pub number: i64,
    pub name: String,
    pub status: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub error: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub errignore: bool,
    pub exit_code: i64,
    #[serde(skip_serializing_if = "is_empty")]
    pub started: i64,
    #[serde(skip_serializing_if = "is_empty")]
    pub stopped: i64,
    #[serde(skip_serializing_if = "is_empty")]
    pub version: i64,
    #[serde(skip_serializing_if = "is_empty", deserialize_with = "or_default")]
    pub depends_on: Vec<String>,
    #[serde(skip_serializing_if = "is_empty")]
    pub image: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub detached: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Secret {
    #[serde(skip_serializing_if = "is_empty")]
    pub id: i64,
    #[serde(skip_serializing_if = "is_empty")]
    pub repo_id: i64,
    #[serde(skip_serializing_if = "is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub data: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub pull_request: bool,
    #[serde(skip_serializing_if = "is_empty")]
    pub pull_request_push: bool,
}

/// True if a build, a stage or a step with this status has ended.
pub fn is_done(status: &str) -> bool {
    !matches!(status, "waiting_on_dependencies" | "pending" | "running" | "blocked")
}

/// True if this status counts as failed for dependent stages.
pub fn is_failed(status: &str) -> bool {
    matches!(status, "failure" | "killed" | "error")
}

/// Cuts to the first 500 bytes, at a character's boundary.
pub fn shorten(error: &mut String) {
    if error.len() > 500 {
        let at = (0..=500).rev().find(|at| error.is_char_boundary(*at)).unwrap_or_default();
        error.truncate(at);
    }
}
