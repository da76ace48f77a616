//! The wildcard certificate, read from credentials and checked before any change.
//!
//! Each mistake has its own error with a hint. No error holds a byte of the key.

mod error;
#[cfg(test)]
mod tests;

use base::hex;
use jiff::Timestamp;
use rustls::crypto::ring::default_provider;
use rustls::sign::SigningKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

pub use error::Error;

/// A certificate with its chain and key that Traefik can serve for a domain and everything one label below it.
#[derive(Clone)]
pub struct Certificate {
    /// The certificate and its chain, as text.
    pub fullchain: SecretString,
    /// The key, as text.
    pub privkey: SecretString,
    /// The leaf's own bytes, which a probe must see.
    pub leaf: Vec<u8>,
    /// The start of its validity.
    pub valid_from: Timestamp,
    /// The end of its validity.
    pub valid_until: Timestamp,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("valid_until", &self.valid_until).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads a pair and checks all of it: text, key, names and validity at `now`.
    pub fn read(fullchain: &SecretString, privkey: &SecretString, domain: &str, now: Timestamp) -> Result<Self, Error> {
        let chain = chain(fullchain.expose_secret())?;
        let key = key(privkey.expose_secret())?;
        let leaf = parsed(&chain, 0)?;
        matches(&chain, &leaf, &*key)?;
        in_order(&chain)?;
        covers(&leaf, domain)?;
        let valid_from = time(leaf.validity().not_before.timestamp());
        let valid_until = time(leaf.validity().not_after.timestamp());
        if now < valid_from {
            return Err(Error::NotYetValid { from: valid_from });
        }
        if now >= valid_until {
            return Err(Error::Expired { until: valid_until });
        }
        Ok(Self {
            fullchain: fullchain.clone(),
            privkey: privkey.clone(),
            leaf: chain[0].to_vec(),
            valid_from,
            valid_until,
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

fn chain(text: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    if text.contains("PRIVATE KEY-----") {
        return Err(Error::KeyInChain);
    }
    let chain: Vec<_> = CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|source| Error::ChainText { source })?;
    if chain.is_empty() { Err(Error::NoCertificate) } else { Ok(chain) }
}

fn key(text: &str) -> Result<Arc<dyn SigningKey>, Error> {
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(Error::EncryptedKey);
    }
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|error| match error {
        rustls_pki_types::pem::Error::NoItemsFound => Error::NoKey,
        _ => Error::KeyText,
    })?;
    default_provider().key_provider.load_private_key(key).map_err(|source| Error::KeyKind { source })
}

fn parsed<'a>(chain: &'a [CertificateDer<'static>], index: usize) -> Result<X509Certificate<'a>, Error> {
    let damaged = |why: String| Error::Damaged { number: index + 1, why };
    let (rest, certificate) = X509Certificate::from_der(&chain[index]).map_err(|error| damaged(error.to_string()))?;
    if rest.is_empty() { Ok(certificate) } else { Err(damaged("bytes are left over after its end".into())) }
}

/// The first certificate must be the key's; when another one is, the chain is in the wrong order.
fn matches(chain: &[CertificateDer<'static>], leaf: &X509Certificate, key: &dyn SigningKey) -> Result<(), Error> {
    let Some(public) = key.public_key() else { return Err(Error::OtherKey) };
    if leaf.public_key().raw == public.as_ref() {
        return Ok(());
    }
    for index in 1..chain.len() {
        if parsed(chain, index)?.public_key().raw == public.as_ref() {
            return Err(Error::LeafNotFirst { number: index + 1 });
        }
    }
    Err(Error::OtherKey)
}

/// Each certificate after the first must have issued the one before it.
fn in_order(chain: &[CertificateDer<'static>]) -> Result<(), Error> {
    for index in 1..chain.len() {
        let (below, above) = (parsed(chain, index - 1)?, parsed(chain, index)?);
        if below.issuer().as_raw() != above.subject().as_raw() {
            return Err(Error::OutOfOrder {
                number: index + 1,
                subject: above.subject().to_string(),
                wanted: below.issuer().to_string(),
            });
        }
    }
    Ok(())
}

/// Both the domain and its wildcard must be named: the wildcard covers one label below, not the domain itself.
fn covers(leaf: &X509Certificate, domain: &str) -> Result<(), Error> {
    let names: Vec<String> = leaf
        .subject_alternative_name()
        .ok()
        .flatten()
        .map(|extension| &extension.value.general_names)
        .into_iter()
        .flatten()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        })
        .collect();
    let domain = domain.to_ascii_lowercase();
    let missing: Vec<String> =
        [domain.clone(), format!("*.{domain}")].into_iter().filter(|wanted| !covered(wanted, &names)).collect();
    if missing.is_empty() { Ok(()) } else { Err(Error::Names { missing, names }) }
}

fn covered(wanted: &str, names: &[String]) -> bool {
    // A wildcard of the parent covers the domain itself, but never another wildcard.
    let parent = wanted.split_once('.').filter(|(first, _)| *first != "*").map(|(_, parent)| format!("*.{parent}"));
    names.iter().any(|name| name == wanted || Some(name) == parent.as_ref())
}

/// Converts a date; one beyond the range becomes the last possible one.
fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
