//! What comment-bridge asks of Gitea, as the bot.

use common::http::{Client, Connect, Error, Identity, Service};
use secrecy::SecretString;

/// Gitea, asked as the bot.
#[derive(Debug, Clone)]
#[allow(dead_code, reason = "calls are to come")]
pub struct Gitea {
    client: Client,
    identity: Identity,
}

impl Gitea {
    /// Gitea at `address`. No connection is made yet.
    pub fn new(address: &str, token: &SecretString, connect: &Connect) -> Result<Self, Error> {
        let client = Client::new(Service::Gitea, address, connect)?;
        Ok(Self { client, identity: Identity::Token(token.clone()) })
    }
}
