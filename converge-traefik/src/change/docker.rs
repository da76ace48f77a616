//! The mutations made through Docker.

use std::collections::HashMap;

use base64::prelude::{BASE64_STANDARD, Engine};
use bollard::models::{ConfigSpec, SecretSpec};
use bollard::query_parameters::UpdateConfigOptions;
use common::docker::MANAGED;
use common::fingerprint::Fingerprint;
use secrecy::ExposeSecret;

use crate::error::Error;
use crate::observed::Try;
use crate::observed::secrets::{HASH, LEAF};
use crate::observed::tries::TRY;
use crate::{NAME, Traefik, names};

pub(super) async fn create_secret(on: &Traefik, kind: &str, name: &str) -> Result<(), Error> {
    // It was usable when the plan was made.
    let certificate = on.certificate(on.clock.now()).map_err(|_| Error::NoCertificate)?;
    let content = if kind == names::KEY { &certificate.privkey } else { &certificate.fullchain };
    let content = content.expose_secret().as_bytes();
    let labels = HashMap::from([
        (MANAGED.to_owned(), NAME.to_owned()),
        (HASH.to_owned(), Fingerprint::new(content).to_string()),
        (LEAF.to_owned(), certificate.fingerprint()),
    ]);
    let spec = SecretSpec {
        name: Some(name.into()),
        labels: Some(labels),
        data: Some(BASE64_STANDARD.encode(content)),
        ..Default::default()
    };
    on.docker.call(format!("create secret {name}"), async |client| client.create_secret(spec).await).await?;
    Ok(())
}

pub(super) async fn remove_secret(on: &Traefik, name: &str, id: &str) -> Result<(), Error> {
    match on.docker.call(format!("remove secret {name}"), async |client| client.delete_secret(id).await).await {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(()),
    }
}

/// Remembers a try: a new config, or new labels on the one there is (nothing else of a config can change).
pub(super) async fn mark(on: &Traefik, mark: &Try) -> Result<(), Error> {
    let name = names::rejected(&names::stack(&on.desired.domain), &mark.tag);
    let told = serde_json::to_string(mark).unwrap_or_default();
    let labels = HashMap::from([(MANAGED.to_owned(), NAME.to_owned()), (TRY.to_owned(), told)]);
    let there =
        on.docker.call(format!("inspect config {name}"), async |client| client.inspect_config(&name).await).await;
    match there {
        Ok(config) => {
            let version = config.version.and_then(|version| version.index).unwrap_or_default();
            let options = UpdateConfigOptions { version: i64::try_from(version).unwrap_or_default() };
            let spec = ConfigSpec { labels: Some(labels), ..config.spec.unwrap_or_default() };
            let id = config.id.unwrap_or_default();
            on.docker
                .call(format!("update config {name}"), async |client| client.update_config(&id, spec, options).await)
                .await?;
        }
        Err(error) if error.is_not_found() => {
            // Swarm takes no config without content.
            let data = Some(BASE64_STANDARD.encode(&mark.tag));
            let spec = ConfigSpec { name: Some(name.clone()), labels: Some(labels), data, ..Default::default() };
            on.docker.call(format!("create config {name}"), async |client| client.create_config(spec).await).await?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

pub(super) async fn unmark(on: &Traefik, tag: &str) -> Result<(), Error> {
    let name = names::rejected(&names::stack(&on.desired.domain), tag);
    match on.docker.call(format!("remove config {name}"), async |client| client.delete_config(&name).await).await {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(()),
    }
}
