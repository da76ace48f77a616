//! The pair of secrets to serve.

use base::plan::Plan;
use recipe::names::Names;
use recipe::plan::{secret, superseded as superseded_of};

use crate::env::Pair;
use crate::observed::{CertificateSeen, Observed};
use crate::{CERTIFICATE, Change, KEY, LEAF};

/// The secrets to serve.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The numbers of the secrets.
    pub pair: Pair,
    /// The fingerprint that must be served, if it is known.
    pub leaf: Option<String>,
    /// Secrets to create first.
    pub creations: Vec<Change>,
    /// True if the certificate in the credentials is the one to serve.
    pub is_credential: bool,
}

impl Chosen {
    /// The secrets' names.
    pub fn names(&self, names: &Names) -> Vec<String> {
        vec![names.secret(CERTIFICATE, self.pair.certificate), names.secret(KEY, self.pair.key)]
    }
}

/// Chooses the secrets. Without a usable certificate the present pair stays; without a pair there is nothing to serve.
pub fn choose(names: &Names, observed: &Observed, plan: &mut Plan<Change>) -> Option<Chosen> {
    match &observed.certificate {
        CertificateSeen::Usable { leaf, .. } => {
            let (certificate, new_certificate) = secret(&observed.app, names, CERTIFICATE);
            let (key, new_key) = secret(&observed.app, names, KEY);
            let creations = new_certificate.into_iter().chain(new_key).collect();
            Some(Chosen { pair: Pair { certificate, key }, leaf: Some(leaf.clone()), creations, is_credential: true })
        }
        CertificateSeen::Unusable { reason, hint } => {
            plan.block("certificate", reason.clone(), hint.clone());
            let pair = present_pair(names, observed)?;
            let there = observed.app.secrets(CERTIFICATE).iter();
            let secret = there.into_iter().find(|secret| secret.number == pair.certificate);
            let leaf = secret.and_then(|secret| secret.labels.get(LEAF).cloned());
            Some(Chosen { pair, leaf, creations: Vec::new(), is_credential: false })
        }
    }
}

/// The pair that the stack uses, else the one its `.env` names, else the newest.
fn present_pair(names: &Names, observed: &Observed) -> Option<Pair> {
    let number = |kind: &str, key: &str| {
        let there = observed.app.secrets(kind);
        let used = observed.app.stack.app.iter().flat_map(|app| &app.secrets);
        let used = used.filter_map(|name| names.secret_number(kind, name)).max();
        let written = observed.app.env.as_ref().and_then(|env| env.get(key)?.strip_prefix('v')?.parse::<u32>().ok());
        let exists = |number: &u32| there.iter().any(|secret| secret.number == *number);
        used.into_iter().chain(written).find(exists).or_else(|| there.last().map(|secret| secret.number))
    };
    Some(Pair {
        certificate: number(CERTIFICATE, "SECRET_WILDCARD_CERT_VERSION")?,
        key: number(KEY, "SECRET_WILDCARD_KEY_VERSION")?,
    })
}

/// Removes our secrets that are not in use. None while the running pair is not the one of the credentials.
pub fn superseded(observed: &Observed, chosen: &Chosen) -> Vec<Change> {
    if !chosen.is_credential {
        return Vec::new();
    }
    let mut changes = superseded_of(&observed.app, CERTIFICATE, chosen.pair.certificate);
    changes.extend(superseded_of(&observed.app, KEY, chosen.pair.key));
    changes
}
