//! The changes made through Docker.

use std::collections::{BTreeMap, HashMap};

use base64::prelude::{BASE64_STANDARD, Engine};
use bollard::models::ConfigSpec;
use bollard::query_parameters::UpdateConfigOptions;
use secrecy::SecretString;

use crate::app::App;
use crate::error::Error;
use crate::observed::{ATTEMPT_LABEL, DeployAttempt};
use docker::{MANAGED, secret};

impl App {
    pub(super) async fn create_secret(
        &self,
        name: &str,
        secret: &SecretString,
        labels: BTreeMap<String, String>,
    ) -> Result<(), Error> {
        Ok(secret::create(&self.docker, self.piece, name, secret, labels).await?)
    }

    pub(super) async fn remove_secret(&self, name: &str, id: &str) -> Result<(), Error> {
        Ok(secret::remove(&self.docker, name, id).await?)
    }

    /// Records an attempt: creates a config, or updates its labels (nothing else of a config can change).
    pub(super) async fn record_attempt(&self, attempt: &DeployAttempt) -> Result<(), Error> {
        let name = self.names.attempt(&attempt.tag);
        let told = serde_json::to_string(attempt).unwrap_or_default();
        let labels = HashMap::from([(MANAGED.to_owned(), self.piece.to_owned()), (ATTEMPT_LABEL.to_owned(), told)]);
        let what = format!("inspect config {name}");
        let there = self.docker.call(what, async |client| client.inspect_config(&name).await).await;
        match there {
            Ok(config) => {
                let version = config.version.and_then(|version| version.index).unwrap_or_default();
                let options = UpdateConfigOptions { version: i64::try_from(version).unwrap_or_default() };
                let spec = ConfigSpec { labels: Some(labels), ..config.spec.unwrap_or_default() };
                let (id, what) = (config.id.unwrap_or_default(), format!("update config {name}"));
                self.docker.call(what, async |client| client.update_config(&id, spec, options).await).await?;
            }
            Err(error) if error.is_not_found() => {
                // Swarm takes no config without content.
                let data = Some(BASE64_STANDARD.encode(&attempt.tag));
                let spec = ConfigSpec { name: Some(name.clone()), labels: Some(labels), data, ..Default::default() };
                let what = format!("create config {name}");
                self.docker.call(what, async |client| client.create_config(spec).await).await?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    pub(super) async fn forget_attempt(&self, tag: &str) -> Result<(), Error> {
        let name = self.names.attempt(tag);
        let removed =
            self.docker.call(format!("remove config {name}"), async |client| client.delete_config(&name).await).await;
        Ok(removed.or_else(docker::Error::unless_gone)?)
    }
}
