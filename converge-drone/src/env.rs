//! The values for the keys of the recipe's `.env` that this piece sets.

use std::collections::BTreeMap;

use crate::desired::Desired;

/// The versions of the Swarm secrets for Drone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secrets {
    /// `n` of `rpc_secret_v<n>`.
    pub rpc: u32,
    /// `n` of `client_secret_v<n>`.
    pub client: u32,
}

/// The keys of this piece, except those of every app.
pub fn keys(desired: &Desired, client_id: &str, secrets: Secrets) -> BTreeMap<String, String> {
    owned([
        // Empty, so that the router serves the wildcard certificate and does not use ACME.
        ("LETS_ENCRYPT_ENV", String::new()),
        // Without a token: every user of Docker can read the environment of a service.
        ("DRONE_USER_CREATE", format!("username:{},machine:false,admin:true", desired.gitea.bot)),
        ("DRONE_REGISTRATION_CLOSED", "true".into()),
        ("DRONE_REPOSITORY_FILTER", desired.repository.owner().to_owned()),
        ("DRONE_GITEA_SERVER", desired.gitea.address.trim_end_matches('/').to_owned()),
        ("DRONE_GITEA_CLIENT_ID", client_id.to_owned()),
        ("SECRET_RPC_SECRET_VERSION", format!("v{}", secrets.rpc)),
        ("SECRET_CLIENT_SECRET_VERSION", format!("v{}", secrets.client)),
    ])
}

/// The keys of recipes that compose the variables of Drone themselves.
pub fn keys_if_known(desired: &Desired, client_id: &str) -> BTreeMap<String, String> {
    owned([("GITEA_DOMAIN", desired.gitea.domain()), ("GITEA_CLIENT_ID", client_id.to_owned())])
}

fn owned<const N: usize>(keys: [(&str, String); N]) -> BTreeMap<String, String> {
    keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
