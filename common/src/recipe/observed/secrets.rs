//! An app's secrets in Swarm. Their content cannot be read back, so each of ours carries a salted hash of it.

use std::collections::{BTreeMap, HashMap};

use bollard::query_parameters::ListSecretsOptions;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::docker::{Docker, Error, MANAGED};
use crate::fingerprint::Fingerprint;
use crate::recipe::names::Names;

/// The label with the salted hash of a secret's content.
pub const HASH: &str = "converge.sha256";

/// One secret of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// `n` of `_v<n>`.
    pub number: u32,
    /// Whether the piece made it.
    pub ours: bool,
    /// Whether its content is what it should be; `None` when that is not known.
    pub same: Option<bool>,
    /// What else its labels tell of what is in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// Reads the secrets of an app, of the kinds in `contents`, and compares them with those.
pub async fn observe(
    docker: &Docker,
    names: &Names,
    piece: &str,
    contents: &BTreeMap<&str, Option<SecretString>>,
) -> Result<BTreeMap<String, Vec<Secret>>, Error> {
    // Docker's filter matches the beginning of names, so all kinds come with one call.
    let filters = HashMap::from([("name".to_owned(), vec![format!("{}_", names.stack)])]);
    let options = ListSecretsOptions { filters: Some(filters) };
    let listed = docker.call("list secrets", async |client| client.list_secrets(Some(options)).await).await?;
    let mut secrets: BTreeMap<String, Vec<Secret>> =
        contents.keys().map(|kind| ((*kind).to_owned(), Vec::new())).collect();
    for secret in listed {
        let (Some(id), Some(spec)) = (secret.id, secret.spec) else { continue };
        let name = spec.name.unwrap_or_default();
        let Some((kind, number)) = names.of_secret(&name) else { continue };
        let (Some(content), Some(found)) = (contents.get(kind), secrets.get_mut(kind)) else { continue };
        let mut labels: BTreeMap<String, String> = spec.labels.unwrap_or_default().into_iter().collect();
        let ours = labels.remove(MANAGED).is_some_and(|by| by == piece);
        let hash = labels.remove(HASH);
        let same = content.as_ref().map(|content| is_same(hash.as_deref(), content));
        labels.retain(|label, _| label.starts_with("converge."));
        found.push(Secret { name, id, number, ours, same, labels });
    }
    for found in secrets.values_mut() {
        found.sort_by_key(|secret| secret.number);
    }
    Ok(secrets)
}

fn is_same(hash: Option<&str>, content: &SecretString) -> bool {
    let written = hash.and_then(|hash| hash.parse::<Fingerprint>().ok());
    written.is_some_and(|fingerprint| fingerprint.is_of(content.expose_secret().as_bytes()))
}
