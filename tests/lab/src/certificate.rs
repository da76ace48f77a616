//! The lab's certificate authority, and the certificates that it signs.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::error::Result;

const DAY: Duration = Duration::from_hours(24);

/// A certificate with its chain, and its key, both PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Pair {
    /// The certificate, then its issuer's.
    pub fullchain: String,
    /// The certificate's key.
    pub privkey: String,
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair").field("fullchain", &self.fullchain).finish_non_exhaustive()
    }
}

/// Validity of a certificate, in days from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First day; negative for a day in the past.
    pub from: i64,
    /// Last day.
    pub until: i64,
}

impl Default for Validity {
    fn default() -> Self {
        Self { from: -1, until: 365 }
    }
}

/// A certificate authority.
#[derive(Debug)]
pub struct Authority {
    certificate: String,
    key: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new authority.
    pub fn new() -> Result<Self> {
        let key = KeyPair::generate()?;
        let certificate = parameters()?.self_signed(&key)?.pem();
        Ok(Self { certificate, key: key.serialize_pem(), issuer: Issuer::new(parameters()?, key) })
    }

    /// An earlier authority, from the values of `certificate()` and `key()`.
    pub fn of(certificate: &str, key: &str) -> Result<Self> {
        let issuer = Issuer::new(parameters()?, KeyPair::from_pem(key)?);
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), issuer })
    }

    /// The authority's own certificate (PEM), which clients trust.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The authority's key (PEM).
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A certificate for these names.
    pub fn issue(&self, names: &[&str], validity: Validity) -> Result<Pair> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut leaf = CertificateParams::new(names.clone())?;
        leaf.distinguished_name = DistinguishedName::new();
        leaf.distinguished_name.push(DnType::CommonName, names.first().cloned().unwrap_or_default());
        leaf.not_before = days_from_now(validity.from).into();
        leaf.not_after = days_from_now(validity.until).into();
        leaf.use_authority_key_identifier_extension = true;
        leaf.key_usages.push(KeyUsagePurpose::DigitalSignature);
        leaf.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        let key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&key, &self.issuer)?.pem();
        Ok(Pair { fullchain: format!("{certificate}{}", self.certificate), privkey: key.serialize_pem() })
    }

    /// A certificate for a domain and every name one level below it.
    pub fn wildcard(&self, domain: &str) -> Result<Pair> {
        self.issue(&[domain, &format!("*.{domain}")], Validity::default())
    }
}

fn parameters() -> Result<CertificateParams> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.distinguished_name = DistinguishedName::new();
    authority.distinguished_name.push(DnType::CommonName, "converge lab certificate authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.not_before = days_from_now(-1).into();
    authority.not_after = days_from_now(3650).into();
    Ok(authority)
}

fn days_from_now(days: i64) -> SystemTime {
    let distance = DAY * u32::try_from(days.unsigned_abs()).unwrap_or(u32::MAX);
    let now = SystemTime::now();
    if days < 0 { now - distance } else { now + distance }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_read_again_signs_for_the_same_certificate() {
        let first = Authority::new().unwrap();
        let again = Authority::of(first.certificate(), first.key()).unwrap();
        let pair = again.wildcard("ci.localhost").unwrap();
        assert!(pair.fullchain.ends_with(first.certificate()));
        assert!(!format!("{pair:?}").contains("PRIVATE"), "the key is not shown");
    }
}
