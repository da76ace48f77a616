//! The keys of the recipe's `.env` that this piece sets.

use std::collections::BTreeMap;

use crate::desired::Desired;

/// The keys this piece sets by itself.
pub const OURS: [&str; 12] = [
    "DOMAIN",
    "COMPOSE_FILE",
    "LETS_ENCRYPT_ENV",
    "DRONE_USER_CREATE",
    "DRONE_REGISTRATION_CLOSED",
    "DRONE_REPOSITORY_FILTER",
    "DRONE_GITEA_SERVER",
    "DRONE_GITEA_CLIENT_ID",
    "GITEA_DOMAIN",
    "GITEA_CLIENT_ID",
    "SECRET_RPC_SECRET_VERSION",
    "SECRET_CLIENT_SECRET_VERSION",
];

/// Whether it is a variable of Drone's that holds a secret, so that it must not stand in a service's environment.
pub fn is_secret(key: &str) -> bool {
    key.starts_with(PASSED_ON) && ["_SECRET", "_PASSWORD", "_TOKEN"].iter().any(|end| key.ends_with(end))
}

/// Keys that begin so reach Drone, whether the recipe's `.env.sample` knows them or not.
pub const PASSED_ON: &str = "DRONE_";

/// The numbers of the secrets that Drone is to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secrets {
    /// `n` of `rpc_secret_v<n>`.
    pub rpc: u32,
    /// `n` of `client_secret_v<n>`.
    pub client: u32,
}

/// Every key this piece sets, but for those that all apps have.
pub fn keys(desired: &Desired, client_id: &str, secrets: Secrets) -> BTreeMap<String, String> {
    owned([
        // Traefik's wildcard serves it; with a name here its router would ask ACME.
        ("LETS_ENCRYPT_ENV", String::new()),
        // No token in it: whoever reads Docker reads a service's environment.
        ("DRONE_USER_CREATE", format!("username:{},machine:false,admin:true", desired.gitea.bot)),
        ("DRONE_REGISTRATION_CLOSED", "true".into()),
        ("DRONE_REPOSITORY_FILTER", desired.repository.owner().to_owned()),
        ("DRONE_GITEA_SERVER", desired.gitea.address.trim_end_matches('/').to_owned()),
        ("DRONE_GITEA_CLIENT_ID", client_id.to_owned()),
        ("SECRET_RPC_SECRET_VERSION", format!("v{}", secrets.rpc)),
        ("SECRET_CLIENT_SECRET_VERSION", format!("v{}", secrets.client)),
    ])
}

/// The same, by the names of recipes that put Drone's variables together themselves.
pub fn keys_if_known(desired: &Desired, client_id: &str) -> BTreeMap<String, String> {
    owned([("GITEA_DOMAIN", desired.gitea.domain()), ("GITEA_CLIENT_ID", client_id.to_owned())])
}

fn owned<const N: usize>(keys: [(&str, String); N]) -> BTreeMap<String, String> {
    keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
