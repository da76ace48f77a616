//! The wildcard certificate, read from credentials and judged before any change.
//!
//! Both files are read entry by entry and encoded anew: the secrets contain what was judged, not what was given. Each
//! mistake has its own error with a hint; each harmless flaw is a warning. No error holds a byte of the key.

mod chain;
mod der;
mod entry;
mod error;
mod fault;
mod key;
mod pem;
#[cfg(test)]
mod tests;
mod warning;

use base::hex;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::fmt;

use chain::Chain;
use key::Key;

pub use error::Error;
pub use fault::Fault;
pub use key::Kind;
pub use pem::Flaw;
pub use warning::Warning;

/// A certificate with its chain and key that Traefik can serve for a domain and everything one label below it, and that
/// clients can verify.
#[derive(Clone)]
pub struct Certificate {
    /// The certificate and its chain, encoded anew.
    pub fullchain: SecretString,
    /// The key, encoded anew.
    pub privkey: SecretString,
    /// The leaf's own bytes, which a probe must see.
    pub leaf: Vec<u8>,
    /// The latest start of validity in the chain.
    pub valid_from: Timestamp,
    /// The earliest end of validity in the chain.
    pub valid_until: Timestamp,
    /// The parts that an operator should look at.
    pub warnings: Vec<Warning>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("valid_until", &self.valid_until).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads a pair and judges all of it at `now`: text, key, chain and names.
    pub fn read(fullchain: &SecretString, privkey: &SecretString, domain: &str, now: Timestamp) -> Result<Self, Error> {
        let key = Key::read(privkey.expose_secret())?;
        let chain = Chain::read(fullchain.expose_secret(), &key, domain, now)?;
        let flaws = [("fullchain", chain.flaws), ("privkey", key.flaws)].into_iter();
        let flaws = flaws.filter(|(_, flaws)| !flaws.is_empty());
        let mut warnings: Vec<Warning> =
            flaws.map(|(credential, flaws)| Warning::Flaws { credential, flaws }).collect();
        warnings.extend(chain.warnings);
        Ok(Self {
            fullchain: SecretString::from(chain.text),
            privkey: key.text,
            leaf: chain.leaf,
            valid_from: chain.valid_from,
            valid_until: chain.valid_until,
            warnings,
        })
    }

    /// `sha256:<hex>` of the leaf, as `openssl x509 -fingerprint` counts it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.leaf)
    }
}

/// `sha256:<hex>` of a certificate's own bytes.
pub fn fingerprint(leaf: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(leaf)))
}
