//! The keys of the recipe's `.env` that this piece sets.

use std::collections::BTreeMap;

/// The keys this piece sets by itself.
pub const OURS: [&str; 6] = [
    "DOMAIN",
    "COMPOSE_FILE",
    "LETS_ENCRYPT_ENV",
    "WILDCARDS_ENABLED",
    "SECRET_WILDCARD_CERT_VERSION",
    "SECRET_WILDCARD_KEY_VERSION",
];

/// The numbers of the secrets that the certificate and the key are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// `n` of `ssl_cert_v<n>`.
    pub certificate: u32,
    /// `n` of `ssl_key_v<n>`.
    pub key: u32,
}

/// Returns the keys that this piece sets, without those of all apps.
pub fn keys(pair: Pair) -> BTreeMap<String, String> {
    let ours = [
        // The recipe always defines two ACME resolvers; with this empty no router names one.
        ("LETS_ENCRYPT_ENV", String::new()),
        ("WILDCARDS_ENABLED", "1".into()),
        ("SECRET_WILDCARD_CERT_VERSION", format!("v{}", pair.certificate)),
        ("SECRET_WILDCARD_KEY_VERSION", format!("v{}", pair.key)),
    ];
    ours.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
