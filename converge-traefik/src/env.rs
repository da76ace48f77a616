//! The keys of the recipe's `.env` that this piece sets.

use std::collections::BTreeMap;

use crate::desired::Desired;
use crate::names;

/// The keys this piece sets by itself.
pub const OURS: [&str; 6] = [
    "DOMAIN",
    "LETS_ENCRYPT_ENV",
    "WILDCARDS_ENABLED",
    "SECRET_WILDCARD_CERT_VERSION",
    "SECRET_WILDCARD_KEY_VERSION",
    "COMPOSE_FILE",
];

/// The numbers of the secrets that the certificate and the key are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// `n` of `ssl_cert_v<n>`.
    pub certificate: u32,
    /// `n` of `ssl_key_v<n>`.
    pub key: u32,
}

/// Every key this piece sets, with `extra` beside its own.
pub fn keys(desired: &Desired, pair: Pair, extra: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut keys = extra.clone();
    let ours = [
        ("DOMAIN", names::app_domain(&desired.domain)),
        // The recipe always defines two ACME resolvers; with this empty no router names one.
        ("LETS_ENCRYPT_ENV", String::new()),
        ("WILDCARDS_ENABLED", "1".into()),
        ("SECRET_WILDCARD_CERT_VERSION", format!("v{}", pair.certificate)),
        ("SECRET_WILDCARD_KEY_VERSION", format!("v{}", pair.key)),
        ("COMPOSE_FILE", desired.compose_files.join(":")),
    ];
    keys.extend(ours.into_iter().map(|(key, value)| (key.to_owned(), value)));
    keys
}

/// The keys of `wanted` that have another value in `there`. A key that is not there is empty.
pub fn differing(wanted: &BTreeMap<String, String>, there: &BTreeMap<String, String>) -> Vec<String> {
    let differs = |(key, value): &(&String, &String)| there.get(*key).map_or("", String::as_str) != value.as_str();
    wanted.iter().filter(differs).map(|(key, _)| key.clone()).collect()
}
