//! Gitea's answers on OAuth applications and repositories.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// An OAuth application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The public half of its credentials.
    pub client_id: String,
    /// Where it may send a browser back to.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Whether it can keep a secret; Gitea grants again without asking only then.
    #[serde(default)]
    pub confidential_client: bool,
    /// Whether the first grant is given without asking, too.
    #[serde(default)]
    pub skip_secondary_authorization: bool,
}

/// An OAuth application with the secret Gitea tells once.
#[derive(Debug, Clone, Deserialize)]
pub struct CreatedApplication {
    /// The public half of its credentials.
    pub client_id: String,
    /// The secret half.
    pub client_secret: SecretString,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RepositoryInfo {
    /// `owner/name`, as it is called now: a renamed repository is found by its old name, too.
    pub full_name: String,
    /// What the bot may do with it.
    #[serde(default)]
    pub permissions: Permissions,
}

/// What the bot may do with a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Permissions {
    /// Administer it: needed for the webhook Drone makes.
    #[serde(default)]
    pub admin: bool,
}
