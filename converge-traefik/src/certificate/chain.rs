//! The chain of certificates, judged as a client judges it.
//!
//! The entries are read one by one. The path goes from the leaf to its issuer and on, as far as the file has issuers; the
//! client has the last issuer itself. What does not belong to the path is left out and named.

use jiff::Timestamp;

use super::entry::{Entry, shown};
use super::error::Error;
use super::key::Key;
use super::pem::{self, Content, Flaw, Pem};
use super::warning::Warning;

/// The label of a certificate.
const LABEL: &str = "CERTIFICATE";

/// A chain that clients can verify.
#[derive(Debug)]
pub struct Chain {
    /// The path from the leaf, then further ways to roots, encoded anew.
    pub text: String,
    /// The leaf's own bytes.
    pub leaf: Vec<u8>,
    /// The latest start of validity on the path.
    pub valid_from: Timestamp,
    /// The earliest end of validity on the path.
    pub valid_until: Timestamp,
    /// The flaws of the file.
    pub flaws: Vec<Flaw>,
    /// The entries to look at.
    pub warnings: Vec<Warning>,
}

impl Chain {
    /// Reads credential `fullchain` and judges it at `now`.
    pub fn read(text: &str, key: &Key, domain: &str, now: Timestamp) -> Result<Self, Error> {
        if text.contains("PRIVATE KEY") {
            return Err(Error::KeyInChain);
        }
        let Pem { entries, flaws } = Pem::read(text);
        let mut warnings = Vec::new();
        let (mut damaged, mut others) = (Vec::new(), Vec::new());
        let mut certificates: Vec<Entry> = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let number = index + 1;
            let parsed = match &entry.content {
                _ if !is_certificate(&entry.label) => {
                    others.push((number, entry.label.clone()));
                    continue;
                }
                Content::Der(der) => Entry::parse(number, der),
                Content::Encrypted | Content::Damaged => None,
            };
            match parsed {
                None => damaged.push(number),
                Some(one) => match certificates.iter().find(|first| first.der == one.der) {
                    Some(first) => warnings.push(Warning::Duplicate { number, first: first.number }),
                    None => certificates.push(one),
                },
            }
        }
        if certificates.is_empty() {
            return Err(damaged.first().map_or_else(
                || Error::NoCertificate { instead: others.first().map(|(_, label)| label.clone()) },
                |number| Error::Damaged { number: *number },
            ));
        }
        let path = path(&certificates, key, &damaged, now)?;
        covers(&path[0].names(), domain)?;
        warnings.extend(damaged.into_iter().map(|number| Warning::Damaged { number }));
        warnings.extend(others.into_iter().map(|(number, label)| Warning::NoCertificate { number, label }));
        let (twins, left_out) = rest(&certificates, &path, now);
        warnings.extend(of_path(&path));
        warnings.extend(twins.iter().map(|one| Warning::Twin { number: one.number, subject: one.subject() }));
        warnings.extend(left_out.iter().map(|one| Warning::Stray { number: one.number, subject: one.subject() }));
        warnings.sort_by_key(Warning::number);
        Ok(Self {
            text: path.iter().chain(&twins).map(|one| pem::write(LABEL, one.der)).collect(),
            leaf: path[0].der.to_vec(),
            valid_from: path.iter().map(|one| one.from()).max().unwrap_or(now),
            valid_until: path.iter().map(|one| one.until()).min().unwrap_or(now),
            flaws,
            warnings,
        })
    }
}

/// The label is another in very old files.
fn is_certificate(label: &str) -> bool {
    matches!(label, "" | LABEL | "X509 CERTIFICATE")
}

/// Returns the path from the key's certificate to the last issuer in the file.
fn path<'a, 'b>(
    certificates: &'b [Entry<'a>],
    key: &Key,
    damaged: &[usize],
    now: Timestamp,
) -> Result<Vec<&'b Entry<'a>>, Error> {
    let is_leaf = |one: &Entry| key.belongs_to(one.parsed.public_key().raw);
    let leaf = &certificates[0];
    if !is_leaf(leaf) {
        return Err(match (certificates.iter().find(|one| is_leaf(one)), damaged.first()) {
            (Some(one), _) => Error::LeafNotFirst { number: one.number },
            // The damaged one may be the key's.
            (None, Some(number)) => Error::Damaged { number: *number },
            (None, None) => Error::OtherKey,
        });
    }
    let names = leaf.names();
    let judge = |one: &Entry, depth: usize| match one.fault(depth, &names, now) {
        None => Ok(()),
        Some(fault) => Err(Error::Faulty { number: one.number, subject: one.subject(), fault, is_leaf: depth == 0 }),
    };
    judge(leaf, 0)?;
    let mut path = vec![leaf];
    loop {
        let (depth, last) = (path.len(), path[path.len() - 1]);
        if last.is_root() {
            return Ok(path);
        }
        let is_new = |one: &&Entry| path.iter().all(|there| there.number != one.number);
        let issuers = certificates.iter().filter(is_new).filter(|one| one.issued(last));
        let mut judged: Vec<_> = issuers.map(|one| (one, judge(one, depth))).collect();
        // One without a fault first; the order of the file decides between two.
        judged.sort_by_key(|(_, judgement)| judgement.is_err());
        match judged.into_iter().next() {
            Some((next, judgement)) => {
                judgement?;
                path.push(next);
            }
            None if depth == 1 => {
                return Err(Error::NoIssuer { issuer: last.issuer(), damaged: damaged.first().copied() });
            }
            None => return Ok(path),
        }
    }
}

/// Returns the warnings about certificates of the path.
fn of_path(path: &[&Entry]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for pair in path.windows(2) {
        if !pair[1].is_named_exactly(pair[0]) {
            warnings.push(Warning::OtherSpelling { number: pair[0].number, issuer: pair[1].number });
        }
    }
    // The issuer of the leaf is asked for, root or not.
    if let [_, _, .., last] = path
        && last.is_root()
    {
        warnings.push(Warning::Root { number: last.number, subject: last.subject() });
    }
    warnings
}

/// The certificates beside the path: further ways from it to a root, and those without a use.
fn rest<'a, 'b>(
    certificates: &'b [Entry<'a>],
    path: &[&Entry<'a>],
    now: Timestamp,
) -> (Vec<&'b Entry<'a>>, Vec<&'b Entry<'a>>) {
    let names = path[0].names();
    let is_beside = |one: &&Entry| path.iter().all(|there| there.number != one.number);
    let serves = |one: &&Entry| {
        let twin = path.iter().position(|there| one.is_twin(there));
        twin.is_some_and(|depth| depth > 0 && one.fault(depth, &names, now).is_none())
    };
    certificates.iter().filter(is_beside).partition(serves)
}

/// Both the domain and its wildcard must be named: the wildcard covers one label below, not the domain itself.
fn covers(names: &[String], domain: &str) -> Result<(), Error> {
    let domain = domain.to_ascii_lowercase();
    let missing: Vec<String> =
        [domain.clone(), format!("*.{domain}")].into_iter().filter(|wanted| !is_covered(wanted, names)).collect();
    let names = names.iter().map(|name| shown(name)).collect();
    if missing.is_empty() { Ok(()) } else { Err(Error::Names { missing, names }) }
}

fn is_covered(wanted: &str, names: &[String]) -> bool {
    // A wildcard of the parent covers the domain itself, but never another wildcard.
    let parent = wanted.split_once('.').filter(|(first, _)| *first != "*").map(|(_, parent)| format!("*.{parent}"));
    names.iter().any(|name| name == wanted || Some(name) == parent.as_ref())
}
