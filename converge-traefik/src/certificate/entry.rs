//! One certificate of the file: its relation to others, and its own faults.

use jiff::Timestamp;
use x509_parser::error::X509Error;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate, X509Version};

use super::fault::Fault;

/// The signature algorithms that clients refuse: RSA with MD5 and SHA-1 (two numbers), ECDSA with SHA-1.
const WEAK: [&str; 4] = ["1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.3.14.3.2.29", "1.2.840.10045.4.1"];

/// A certificate of the file.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Position in the file, from 1.
    pub number: usize,
    /// The bytes.
    pub der: &'a [u8],
    /// The same, parsed.
    pub parsed: X509Certificate<'a>,
}

impl<'a> Entry<'a> {
    /// Parses a certificate. `None` if it is damaged.
    pub fn parse(number: usize, der: &'a [u8]) -> Option<Self> {
        let (rest, parsed) = X509Certificate::from_der(der).ok()?;
        rest.is_empty().then_some(Self { number, der, parsed })
    }

    /// The subject in words.
    pub fn subject(&self) -> String {
        shown(&self.parsed.subject().to_string())
    }

    /// The issuer in words.
    pub fn issuer(&self) -> String {
        shown(&self.parsed.issuer().to_string())
    }

    /// The start of its validity.
    pub fn from(&self) -> Timestamp {
        time(self.parsed.validity().not_before.timestamp())
    }

    /// The end of its validity.
    pub fn until(&self) -> Timestamp {
        time(self.parsed.validity().not_after.timestamp())
    }

    /// The DNS names of a leaf, in lower case.
    pub fn names(&self) -> Vec<String> {
        let names = self.parsed.subject_alternative_name().ok().flatten();
        let names = names.map(|extension| &extension.value.general_names).into_iter().flatten();
        names.filter_map(dns).collect()
    }

    /// True if it has issued itself.
    pub fn is_root(&self) -> bool {
        self.issued(self)
    }

    /// True if it has the subject and the key of `other`, and is not the same certificate.
    pub fn is_twin(&self, other: &Self) -> bool {
        self.der != other.der
            && self.parsed.public_key().raw == other.parsed.public_key().raw
            && is_same_name(&self.parsed.subject().to_string(), &other.parsed.subject().to_string())
    }

    /// True if it has issued `below`, by name and signature.
    pub fn issued(&self, below: &Self) -> bool {
        if !is_same_name(&self.parsed.subject().to_string(), &below.parsed.issuer().to_string()) {
            return false;
        }
        match below.parsed.verify_signature(Some(self.parsed.public_key())) {
            // The name has to do for algorithms that this program does not know.
            Ok(()) | Err(X509Error::SignatureUnsupportedAlgorithm) => true,
            Err(_) => false,
        }
    }

    /// True if the issuer in `below` is written byte for byte as the subject of this one. Some clients compare so.
    pub fn is_named_exactly(&self, below: &Self) -> bool {
        self.parsed.subject().as_raw() == below.parsed.issuer().as_raw()
    }

    /// Returns the first fault for which clients refuse it at this place: `depth` certificates are below it.
    pub fn fault(&self, depth: usize, names: &[String], now: Timestamp) -> Option<Fault> {
        let is_leaf = depth == 0;
        if now < self.from() {
            return Some(Fault::NotYetValid { from: self.from() });
        }
        if now >= self.until() {
            return Some(Fault::Expired { until: self.until() });
        }
        if !is_leaf && !self.may_issue() {
            return Some(Fault::NoAuthority);
        }
        let constraints = self.parsed.basic_constraints().ok().flatten();
        let longest = constraints.and_then(|extension| extension.value.path_len_constraint);
        if !is_leaf && longest.is_some_and(|longest| depth - 1 > longest as usize) {
            return Some(Fault::PathTooLong);
        }
        let usage = self.parsed.extended_key_usage().ok().flatten();
        if usage.is_some_and(|usage| !usage.value.server_auth && !usage.value.any) {
            return Some(Fault::NotForServers);
        }
        if self.is_signed_weakly() && !self.is_root() {
            return Some(Fault::WeakSignature);
        }
        if let Some(name) = names.iter().find(|name| !is_leaf && !self.permits(name)) {
            return Some(Fault::NameConstraint { name: name.clone() });
        }
        let unknown = |parsed: &ParsedExtension| parsed.unsupported() || parsed.error().is_some();
        let mut extensions = self.parsed.extensions().iter();
        extensions.any(|one| one.critical && unknown(one.parsed_extension())).then_some(Fault::CriticalExtension)
    }

    fn may_issue(&self) -> bool {
        let constraints = self.parsed.basic_constraints().ok().flatten();
        let is_authority = match constraints {
            Some(extension) => extension.value.ca,
            // Version 1 has no extensions; only roots are left of it.
            None => self.parsed.version() != X509Version::V3 && self.is_root(),
        };
        let usage = self.parsed.key_usage().ok().flatten();
        is_authority && usage.is_none_or(|usage| usage.value.key_cert_sign())
    }

    fn is_signed_weakly(&self) -> bool {
        WEAK.contains(&self.parsed.signature_algorithm.algorithm.to_id_string().as_str())
    }

    /// True if its name constraints allow a leaf with this DNS name.
    fn permits(&self, name: &str) -> bool {
        let Ok(Some(constraints)) = self.parsed.name_constraints() else { return true };
        let trees = |trees: &Option<Vec<x509_parser::extensions::GeneralSubtree>>| -> Vec<String> {
            trees.iter().flatten().filter_map(|tree| dns(&tree.base)).collect()
        };
        let permitted = trees(&constraints.value.permitted_subtrees);
        let excluded = trees(&constraints.value.excluded_subtrees);
        (permitted.is_empty() || permitted.iter().any(|tree| is_below(name, tree)))
            && !excluded.iter().any(|tree| is_below(name, tree))
    }
}

fn dns(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    }
}

/// True if `name` is `tree` or below it. A tree that begins with a dot does not contain itself.
fn is_below(name: &str, tree: &str) -> bool {
    let (bare, is_strict) = tree.strip_prefix('.').map_or((tree, false), |bare| (bare, true));
    bare.is_empty() || (name == bare && !is_strict) || name.strip_suffix(bare).is_some_and(|rest| rest.ends_with('.'))
}

/// Compares names as RFC 5280 has it: without regard to string types, case, and repeated blanks.
fn is_same_name(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    one == other || plain(one) == plain(other)
}

/// A text of a certificate, safe to print.
pub fn shown(text: &str) -> String {
    const LONGEST: usize = 120;
    let plain: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if plain.is_empty() { "without a name".into() } else { plain }
}

/// Converts a date; one beyond the range becomes the last possible one.
fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
