//! Who and what is in a filled Gitea.

use serde::{Deserialize, Serialize};

/// An account with what it takes to act as it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its login.
    pub name: String,
    /// Its password.
    pub password: String,
    /// A token that may do all that the account may.
    pub token: String,
}

/// Everybody in a filled Gitea.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct World {
    /// The site's administrator, owner of the organisation.
    pub administrator: Account,
    /// The bot: a plain member who reads, and administrator of [`World::CI`] only.
    pub bot: Account,
    /// A member who may write.
    pub mara: Account,
    /// Another one, who has opened the pull requests.
    pub milo: Account,
    /// Somebody outside the organisation.
    pub sam: Account,
    /// A token of the bot with no more scopes than the bridge needs.
    pub bridge_token: String,
    /// The recipe repositories (`recipes/hello`), each with its open pull request 1.
    pub recipes: Vec<String>,
}

impl World {
    /// The organisation.
    pub const ORGANISATION: &str = "recipes";
    /// The bot's login.
    pub const BOT: &str = "ci-bot";
    /// The repository that holds `.drone.yml`.
    pub const CI: &str = "recipes/ci";
    /// The scopes that the bridge's token has.
    pub const BRIDGE_SCOPES: [&str; 4] = ["read:repository", "write:issue", "read:organization", "read:user"];
}
