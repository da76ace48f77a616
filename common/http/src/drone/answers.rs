//! What Drone answers, as far as it matters here.

use serde::Deserialize;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: i64,
    /// Its login.
    pub login: String,
    /// Whether it administers the whole server.
    #[serde(default)]
    pub admin: bool,
    /// Whether its repositories are being read from Gitea at this moment.
    #[serde(default)]
    pub syncing: bool,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Repository {
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
    /// What the token's owner may do with it.
    #[serde(default)]
    pub permissions: Option<Permissions>,
}

/// What an account may do with a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Permissions {
    /// Administer.
    #[serde(default)]
    pub admin: bool,
}
