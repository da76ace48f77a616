//! Gitea's answers on OAuth applications and repositories.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// An OAuth application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// The id.
    pub id: i64,
    /// The name.
    pub name: String,
    /// The client id, public.
    pub client_id: String,
    /// The addresses that a login may return to.
    #[serde(default, deserialize_with = "crate::entries::or_empty")]
    pub redirect_uris: Vec<String>,
    /// True for a confidential client; only then Gitea grants again without a question.
    #[serde(default)]
    pub confidential_client: bool,
    /// True if Gitea gives the first grant without a question, too.
    #[serde(default)]
    pub skip_secondary_authorization: bool,
}

/// A new OAuth application, with the secret that Gitea shows once.
#[derive(Debug, Clone, Deserialize)]
pub struct CreatedApplication {
    /// The client id, public.
    pub client_id: String,
    /// The client secret.
    pub client_secret: SecretString,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RepositoryInfo {
    /// The present `owner/name`: a renamed repository is found by its old name, too.
    pub full_name: String,
    /// The bot's permissions.
    #[serde(default)]
    pub permissions: Permissions,
}

/// The bot's permissions for a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Permissions {
    /// May administer it; Drone needs that for its webhook.
    #[serde(default)]
    pub admin: bool,
}
