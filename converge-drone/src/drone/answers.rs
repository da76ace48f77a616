//! What Drone answers, as far as it matters here.

use serde::{Deserialize, Serialize};

/// An account.
// The fields are Drone's own.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: i64,
    /// Its login.
    pub login: String,
    /// Whether it administers the whole server.
    #[serde(default)]
    pub admin: bool,
    /// Whether it is a machine's: such an account may never log in.
    #[serde(default)]
    pub machine: bool,
    /// Whether it may do anything at all.
    #[serde(default)]
    pub active: bool,
    /// Whether its repositories are being read from Gitea at this moment.
    #[serde(default)]
    pub syncing: bool,
    /// When they were read last, in seconds; 0 means never.
    #[serde(default)]
    pub synced: i64,
    /// When it logged in last, in seconds; 0 means never.
    #[serde(default)]
    pub last_login: i64,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// Drone's id of it.
    #[serde(default)]
    pub id: i64,
    /// Gitea's id of it, as text; it stays when the repository is renamed.
    #[serde(default)]
    pub uid: String,
    /// Who owns it: whose SCM token builds use. 0 until it is activated.
    #[serde(default)]
    pub user_id: i64,
    /// `owner/name`.
    pub slug: String,
    /// Whether it is activated.
    #[serde(default)]
    pub active: bool,
    /// After how many minutes a build ends.
    #[serde(default)]
    pub timeout: i64,
    /// Whether its builds may do what needs trust.
    #[serde(default)]
    pub trusted: bool,
    /// The pipeline's file.
    #[serde(default)]
    pub config_path: String,
    /// What the token's owner may do with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
}

/// What an account may do with a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Read.
    #[serde(default)]
    pub read: bool,
    /// Write.
    #[serde(default)]
    pub write: bool,
    /// Administer.
    #[serde(default)]
    pub admin: bool,
}

/// A stage that waits or runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// Its id.
    pub id: i64,
    /// Drone's id of the repository.
    #[serde(default)]
    pub repo_id: i64,
    /// Drone's id of the build.
    #[serde(default)]
    pub build_id: i64,
    /// `pending` or `running`.
    pub status: String,
    /// The runner it runs on.
    #[serde(default)]
    pub machine: String,
}
