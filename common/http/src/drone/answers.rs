//! Drone's answers on accounts and repositories.

use serde::Deserialize;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// The id.
    pub id: i64,
    /// The login.
    pub login: String,
    /// True for an administrator of the server.
    #[serde(default)]
    pub admin: bool,
    /// True while Drone reads the repositories from Gitea.
    #[serde(default)]
    pub syncing: bool,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Repository {
    /// The id of the owner, whose SCM token builds use; 0 until it is activated.
    #[serde(default)]
    pub user_id: i64,
    /// `owner/name`.
    pub slug: String,
    /// True if it is activated.
    #[serde(default)]
    pub active: bool,
    /// The timeout of a build, in minutes.
    #[serde(default)]
    pub timeout: i64,
    /// True if its builds are trusted.
    #[serde(default)]
    pub trusted: bool,
    /// The permissions of the token's owner.
    #[serde(default)]
    pub permissions: Option<Permissions>,
}

/// The permissions of an account for a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Permissions {
    /// May administer the repository.
    #[serde(default)]
    pub admin: bool,
}
