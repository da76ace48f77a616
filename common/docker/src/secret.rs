//! Secrets in Swarm by content.
//!
//! A secret can be neither read nor changed. So each of ours has a label with a salted hash of its content, and a number:
//! `<owner>_<kind>_v<n>`. Another content is another secret.

use std::collections::{BTreeMap, HashMap};

use base64::prelude::{BASE64_STANDARD, Engine};
use bollard::models::{Secret as Listed, SecretSpec, Service};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Docker, Error, MANAGED};
use base::fact::Fact;
use base::fingerprint::Fingerprint;

/// The label with the salted hash of a secret's content.
pub const HASH: &str = "converge.sha256";

/// One secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The name.
    pub name: String,
    /// The id.
    pub id: String,
    /// `n` of `_v<n>`.
    pub number: u32,
    /// True if the piece created the secret.
    pub ours: bool,
    /// True if the content is the wanted one; `None` if that is not known.
    pub same: Option<bool>,
    /// The other labels about the content.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The services that use the secret. Read only for a kind with several secrets of ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<String>,
}

/// `<owner>_<kind>_v<n>`.
pub fn name(owner: &str, kind: &str, number: u32) -> String {
    format!("{owner}_{kind}_v{number}")
}

/// The kind and the number in the name of a secret of `owner`.
pub fn kind_and_number<'a>(owner: &str, name: &'a str) -> Option<(&'a str, u32)> {
    let (kind, number) = name.strip_prefix(owner)?.strip_prefix('_')?.rsplit_once("_v")?;
    Some((kind, number.parse().ok()?))
}

/// Returns the newest of our secrets with the wanted content.
pub fn usable(there: &[Secret]) -> Option<&Secret> {
    there.iter().rev().find(|secret| secret.ours && secret.same == Some(true))
}

/// The number of the next secret of a kind.
pub fn next(there: &[Secret]) -> u32 {
    there.iter().map(|secret| secret.number).max().unwrap_or(0) + 1
}

/// Returns our secrets of one kind that are not the `current` one and not in use.
pub fn superseded(
    there: &[Secret],
    current: Option<u32>,
    is_used: impl Fn(&str) -> bool,
) -> impl Iterator<Item = &Secret> {
    there.iter().filter(move |secret| {
        secret.ours && Some(secret.number) != current && !is_used(&secret.name) && secret.used_by.is_empty()
    })
}

/// The facts of superseded secrets that stay, because a service other than the secret's own uses them.
pub fn facts(secrets: &BTreeMap<String, Vec<Secret>>, is_used: impl Fn(&str) -> bool) -> Vec<Fact> {
    let mut facts = Vec::new();
    for there in secrets.values() {
        let current = usable(there).map(|secret| secret.number);
        let others = there.iter().filter(|secret| Some(secret.number) != current && !is_used(&secret.name));
        for Secret { name, used_by, .. } in others.filter(|secret| !secret.used_by.is_empty()) {
            let services = used_by.join(", ");
            let message = format!("secret {name} is superseded and stays, as {services} uses it");
            let hint = format!("give {services} a secret of its own; the next run removes {name} then");
            facts.push(Fact::new("secret_in_use", json!({ "name": name, "used_by": used_by })).warn(message, hint));
        }
    }
    facts
}

/// Reads the secrets of `owner`, of the kinds in `contents`, and compares them with those.
pub async fn observe(
    docker: &Docker,
    owner: &str,
    piece: &str,
    contents: &BTreeMap<&str, Option<SecretString>>,
) -> Result<BTreeMap<String, Vec<Secret>>, Error> {
    if contents.is_empty() {
        return Ok(BTreeMap::new());
    }
    // Docker's filter matches the beginning of names, so all kinds come with one call.
    let filters = json!({ "name": [format!("{owner}_")] });
    let listed: Vec<Listed> = docker.list("list secrets", "/secrets", &filters).await?;
    let mut secrets: BTreeMap<String, Vec<Secret>> =
        contents.keys().map(|kind| ((*kind).to_owned(), Vec::new())).collect();
    for secret in listed {
        let (Some(id), Some(spec)) = (secret.id, secret.spec) else { continue };
        let name = spec.name.unwrap_or_default();
        let Some((kind, number)) = kind_and_number(owner, &name) else { continue };
        let (Some(content), Some(found)) = (contents.get(kind), secrets.get_mut(kind)) else { continue };
        let mut labels: BTreeMap<String, String> = spec.labels.unwrap_or_default().into_iter().collect();
        let ours = labels.remove(MANAGED).is_some_and(|by| by == piece);
        let hash = labels.remove(HASH);
        let same = content.as_ref().map(|content| is_same(hash.as_deref(), content));
        labels.retain(|label, _| label.starts_with("converge."));
        found.push(Secret { name, id, number, ours, same, labels, used_by: Vec::new() });
    }
    for found in secrets.values_mut() {
        found.sort_by_key(|secret| secret.number);
    }
    // Without an older secret of ours, none can be superseded.
    if secrets.values().any(|found| found.iter().filter(|secret| secret.ours).count() > 1) {
        let users = users(docker).await?;
        for secret in secrets.values_mut().flatten() {
            secret.used_by = users.get(&secret.id).cloned().unwrap_or_default();
        }
    }
    Ok(secrets)
}

/// The names of the services that use each secret, by the secret's id.
async fn users(docker: &Docker) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let services: Vec<Service> = docker.list("list services", "/services", &json!({})).await?;
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for spec in services.into_iter().filter_map(|service| service.spec) {
        let name = spec.name.unwrap_or_default();
        let used = spec.task_template.and_then(|template| template.container_spec?.secrets).unwrap_or_default();
        for id in used.into_iter().filter_map(|secret| secret.secret_id) {
            users.entry(id).or_default().push(name.clone());
        }
    }
    for names in users.values_mut() {
        names.sort();
    }
    Ok(users)
}

fn is_same(hash: Option<&str>, content: &SecretString) -> bool {
    let written = hash.and_then(|hash| hash.parse::<Fingerprint>().ok());
    written.is_some_and(|fingerprint| fingerprint.is_of(content.expose_secret().as_bytes()))
}

/// Creates a secret of `piece`, with `labels` beside the two that every one has.
pub async fn create(
    docker: &Docker,
    piece: &str,
    name: &str,
    secret: &SecretString,
    labels: BTreeMap<String, String>,
) -> Result<(), Error> {
    let content = secret.expose_secret().as_bytes();
    let mut labels = HashMap::from_iter(labels);
    labels.insert(MANAGED.to_owned(), piece.to_owned());
    labels.insert(HASH.to_owned(), Fingerprint::new(content).to_string());
    let spec = SecretSpec {
        name: Some(name.into()),
        labels: Some(labels),
        data: Some(BASE64_STANDARD.encode(content)),
        ..Default::default()
    };
    docker.call(format!("create secret {name}"), async |client| client.create_secret(spec).await).await?;
    Ok(())
}

/// Removes a secret. No error if it is gone already.
pub async fn remove(docker: &Docker, name: &str, id: &str) -> Result<(), Error> {
    let removed = docker.call(format!("remove secret {name}"), async |client| client.delete_secret(id).await).await;
    removed.or_else(Error::unless_gone)
}
