//! Which secrets are to be served.

use common::converger::Plan;

use crate::change::Change;
use crate::desired::Desired;
use crate::env::Pair;
use crate::names;
use crate::observed::{CertificateSeen, Observed, Secret};

/// The secrets to serve.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Their numbers.
    pub pair: Pair,
    /// The fingerprint that must be served, where it is known.
    pub leaf: Option<String>,
    /// Secrets to create first.
    pub creations: Vec<Change>,
    /// Whether the certificate in the credentials is the one to serve.
    pub is_credential: bool,
}

/// Chooses them. Without a usable certificate the pair that ran stays; without one of those there is nothing to serve.
pub fn choose(desired: &Desired, observed: &Observed, plan: &mut Plan<Change>) -> Option<Chosen> {
    match &observed.certificate {
        CertificateSeen::Usable { leaf, .. } => {
            let stack = names::stack(&desired.domain);
            let mut creations = Vec::new();
            let mut number = |kind: &str, there: &[Secret]| {
                let same = there.iter().rev().find(|secret| secret.ours && secret.same == Some(true));
                same.map_or_else(
                    || {
                        let next = there.iter().map(|secret| secret.number).max().unwrap_or(0) + 1;
                        creations
                            .push(Change::CreateSecret { kind: kind.into(), name: names::secret(&stack, kind, next) });
                        next
                    },
                    |secret| secret.number,
                )
            };
            let certificate = number(names::CERTIFICATE, &observed.secrets.certificates);
            let key = number(names::KEY, &observed.secrets.keys);
            Some(Chosen { pair: Pair { certificate, key }, leaf: Some(leaf.clone()), creations, is_credential: true })
        }
        CertificateSeen::Unusable { reason, hint } => {
            plan.block("certificate", reason.clone(), hint.clone());
            let pair = that_ran(desired, observed)?;
            let secret = observed.secrets.certificates.iter().find(|secret| secret.number == pair.certificate);
            let leaf = secret.and_then(|secret| secret.leaf.clone());
            Some(Chosen { pair, leaf, creations: Vec::new(), is_credential: false })
        }
    }
}

/// The pair that the stack uses, else the one its `.env` names, else the newest.
fn that_ran(desired: &Desired, observed: &Observed) -> Option<Pair> {
    let number = |kind: &str, there: &[Secret], key: &str| {
        let stack = names::stack(&desired.domain);
        let used = observed.stack.app.iter().flat_map(|app| &app.secrets);
        let used = used.filter_map(|name| names::secret_number(&stack, kind, name)).max();
        let named = observed.env.as_ref().and_then(|env| env.get(key)?.strip_prefix('v')?.parse::<u32>().ok());
        let exists = |number: &u32| there.iter().any(|secret| secret.number == *number);
        used.into_iter().chain(named).find(exists).or_else(|| there.last().map(|secret| secret.number))
    };
    Some(Pair {
        certificate: number(names::CERTIFICATE, &observed.secrets.certificates, "SECRET_WILDCARD_CERT_VERSION")?,
        key: number(names::KEY, &observed.secrets.keys, "SECRET_WILDCARD_KEY_VERSION")?,
    })
}

/// Secrets of ours that nothing uses any more. None while the pair that runs is not the credential's.
pub fn superseded<'a>(observed: &'a Observed, chosen: &'a Chosen) -> impl Iterator<Item = &'a Secret> {
    let certificates = observed.secrets.certificates.iter().map(|secret| (secret, chosen.pair.certificate));
    let keys = observed.secrets.keys.iter().map(|secret| (secret, chosen.pair.key));
    let in_use = |name: &String| observed.stack.app.iter().any(|app| app.secrets.contains(name));
    certificates
        .chain(keys)
        .filter(move |(secret, current)| {
            chosen.is_credential && secret.ours && secret.number != *current && !in_use(&secret.name)
        })
        .map(|(secret, _)| secret)
}
