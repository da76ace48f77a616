//! What the service is told: one JSON document, made by converge-bridge from its own configuration.

use serde::{Deserialize, Serialize};

use super::names::Repository;

/// What the service is told. Secrets come as files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Gitea's address.
    pub gitea: String,
    /// The bot's login: its own comments never fire.
    pub bot: String,
    /// Drone's address.
    pub drone: String,
    /// The CI repository, whose builds test recipes.
    pub repository: Repository,
    /// The branch of the CI repository to build; Drone's own choice where it is not said.
    #[serde(default)]
    pub branch: Option<String>,
    /// Organisations to watch.
    #[serde(default)]
    pub organisations: Vec<Organisation>,
    /// Single repositories to watch.
    #[serde(default)]
    pub repositories: Vec<Repository>,
    /// Who may besides the members of the organisation that owns a repository.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Seconds between two polls.
    pub poll_seconds: u64,
    /// Hours after which a comment that was missed is too old to fire.
    pub catch_up_hours: u64,
    /// Hours after which a build that cannot be made is given up.
    pub give_up_hours: u64,
    /// Whether a webhook is listened to.
    #[serde(default)]
    pub webhook: bool,
    /// The dashboard's address, for links to a run.
    #[serde(default)]
    pub dashboard: Option<String>,
    /// Seconds that a call may take.
    #[serde(default = "call_seconds")]
    pub call_seconds: u64,
}

/// An organisation to watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Its name.
    pub name: String,
    /// Patterns of repositories to watch, with `*` for any text.
    #[serde(default = "everything")]
    pub include: Vec<String>,
    /// Patterns of repositories to leave alone.
    #[serde(default)]
    pub exclude: Vec<String>,
}

fn everything() -> Vec<String> {
    vec!["*".into()]
}

fn call_seconds() -> u64 {
    10
}
