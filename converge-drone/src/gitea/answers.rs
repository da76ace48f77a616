//! What Gitea answers, as far as it matters here.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};

use crate::http::without_query;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: i64,
    /// Its login, as Gitea writes it: upper and lower case may differ from what was asked with.
    pub login: String,
    /// Whether it administers the whole server.
    #[serde(default, alias = "is_admin")]
    pub admin: bool,
}

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
pub struct Created {
    /// Its id.
    pub id: i64,
    /// The public half of its credentials.
    pub client_id: String,
    /// The secret half.
    pub client_secret: SecretString,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// Its id; it stays when the repository is renamed.
    pub id: i64,
    /// `owner/name`, as it is called now: a renamed repository is found by its old name, too.
    pub full_name: String,
    /// Its default branch.
    #[serde(default)]
    pub default_branch: String,
    /// Whether it is archived, so that nothing can be written to it.
    #[serde(default)]
    pub archived: bool,
    /// Whether it has no commit.
    #[serde(default)]
    pub empty: bool,
    /// What the bot may do with it.
    #[serde(default)]
    pub permissions: Permissions,
}

/// What the bot may do with a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Administer it: needed for the webhook Drone makes.
    #[serde(default)]
    pub admin: bool,
    /// Write.
    #[serde(default)]
    pub push: bool,
    /// Read.
    #[serde(default)]
    pub pull: bool,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// Its id.
    pub id: i64,
    /// Whether it is on.
    #[serde(default)]
    pub active: bool,
    /// Where it goes, without the query: Drone puts a secret there.
    #[serde(rename = "config", deserialize_with = "address")]
    pub address: String,
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    struct Config {
        #[serde(default)]
        url: String,
    }
    Ok(without_query(&Config::deserialize(deserializer)?.url))
}
