//! The certificate's secrets in Swarm. Their content cannot be read back, so each carries a salted hash of it.

use std::collections::{BTreeMap, HashMap};

use bollard::query_parameters::ListSecretsOptions;
use common::docker::{Docker, MANAGED};
use common::fingerprint::Fingerprint;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::certificate::Certificate;
use crate::error::Error;
use crate::{NAME, names};

/// The label with the salted hash of a secret's content.
pub const HASH: &str = "converge.sha256";
/// The label with the fingerprint of the certificate that Traefik must serve with this secret.
pub const LEAF: &str = "converge.leaf";

/// One secret of the stack's certificate or key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// `n` of `_v<n>`.
    pub number: u32,
    /// Whether a converger made it.
    pub ours: bool,
    /// Whether its content is that of the credential; `None` when the credential cannot be used.
    pub same: Option<bool>,
    /// The fingerprint of the certificate it holds, as its label says.
    pub leaf: Option<String>,
}

/// The certificate's secrets and the key's, each sorted by number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Certificates.
    pub certificates: Vec<Secret>,
    /// Keys.
    pub keys: Vec<Secret>,
}

/// Reads the secrets of `stack`, and compares them with the certificate if it can be used.
pub async fn observe(docker: &Docker, stack: &str, certificate: Option<&Certificate>) -> Result<Secrets, Error> {
    // Docker's filter matches the beginning of names, so both kinds come with one call.
    let filters = HashMap::from([("name".to_owned(), vec![format!("{stack}_ssl_")])]);
    let options = ListSecretsOptions { filters: Some(filters) };
    let listed = docker.call("list secrets", async |client| client.list_secrets(Some(options)).await).await?;
    let mut secrets = Secrets::default();
    for secret in listed {
        let (Some(id), Some(spec)) = (secret.id, secret.spec) else { continue };
        let name = spec.name.unwrap_or_default();
        let labels: BTreeMap<String, String> = spec.labels.unwrap_or_default().into_iter().collect();
        for (kind, found, content) in [
            (names::CERTIFICATE, &mut secrets.certificates, certificate.map(|certificate| &certificate.fullchain)),
            (names::KEY, &mut secrets.keys, certificate.map(|certificate| &certificate.privkey)),
        ] {
            if let Some(number) = names::secret_number(stack, kind, &name) {
                let same = content.map(|content| is_same(&labels, content));
                let ours = labels.get(MANAGED).is_some_and(|piece| piece == NAME);
                let leaf = labels.get(LEAF).cloned();
                found.push(Secret { name: name.clone(), id: id.clone(), number, ours, same, leaf });
            }
        }
    }
    secrets.certificates.sort_by_key(|secret| secret.number);
    secrets.keys.sort_by_key(|secret| secret.number);
    Ok(secrets)
}

fn is_same(labels: &BTreeMap<String, String>, content: &SecretString) -> bool {
    let written = labels.get(HASH).and_then(|label| label.parse::<Fingerprint>().ok());
    written.is_some_and(|fingerprint| fingerprint.is_of(content.expose_secret().as_bytes()))
}
