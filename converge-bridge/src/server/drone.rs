//! What comment-bridge asks of Drone.

use common::http::{Client, Connect, Error, Identity, Service};
use secrecy::SecretString;

use super::names::Repository;

/// Drone, asked about the builds of one repository.
#[derive(Debug, Clone)]
#[allow(dead_code, reason = "calls are to come")]
pub struct Drone {
    client: Client,
    identity: Identity,
    repository: Repository,
}

impl Drone {
    /// Drone at `address`. No connection is made yet.
    pub fn new(address: &str, repository: &Repository, token: &SecretString, connect: &Connect) -> Result<Self, Error> {
        let client = Client::new(Service::Drone, address, connect)?;
        Ok(Self { client, identity: Identity::Token(token.clone()), repository: repository.clone() })
    }
}
