//! Accounts and repositories in a filled Gitea.

use serde::{Deserialize, Serialize};

/// An account with its credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Login.
    pub name: String,
    /// Password.
    pub password: String,
    /// Token with all scopes.
    pub token: String,
}

/// All accounts in a filled Gitea.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct World {
    /// The site's administrator, owner of the organisation.
    pub administrator: Account,
    /// The bot: a plain member with read access, and administrator of [`World::CI`] only.
    pub bot: Account,
    /// A member with write access.
    pub mara: Account,
    /// Another member with write access; author of the pull requests.
    pub milo: Account,
    /// An account outside the organisation.
    pub sam: Account,
    /// Token of the bot with only the scopes of the bridge.
    pub bridge_token: String,
    /// The recipe repositories (`recipes/hello`), each with its open pull request 1.
    pub recipes: Vec<String>,
}

impl World {
    /// The organisation.
    pub const ORGANISATION: &str = "recipes";
    /// The bot's login.
    pub const BOT: &str = "ci-bot";
    /// The repository with the `.drone.yml`.
    pub const CI: &str = "recipes/ci";
    /// Scopes of the bridge's token.
    pub const BRIDGE_SCOPES: [&str; 4] = ["read:repository", "write:issue", "read:organization", "read:user"];
}
