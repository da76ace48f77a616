//! Observes a service of our own. Reads only.

mod live;
mod paths;

use std::collections::BTreeMap;
use std::path::PathBuf;

use reqwest::Method;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use live::LiveService;
pub use paths::HostPath;

use super::{Error, Program, ServiceGoal};
use crate::image;
use crate::image::Archive;
use crate::secret;
use crate::secret::Secret;
use crate::{Api, OddEntry, network};
use base::error::{Class, Explain, Explained};
use http::{Body, Identity, Request};

/// Everything a plan is made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// The reason why there is no swarm. Everything from Docker is empty then.
    pub no_swarm: Option<String>,
    /// The version of the API that Docker is asked in.
    pub api: Api,
    /// The image that is to run.
    pub image: Image,
    /// The images of the program that Docker has, by tag: the id of each.
    pub images: BTreeMap<String, String>,
    /// The credentials, by the kind of the secret that is made of each.
    pub credentials: BTreeMap<String, CredentialState>,
    /// The secrets by kind, each kind sorted by number.
    pub secrets: BTreeMap<String, Vec<Secret>>,
    /// The id of the network.
    pub network: Option<String>,
    /// The state of each path to mount.
    pub paths: BTreeMap<PathBuf, HostPath>,
    /// The service.
    pub service: Option<LiveService>,
    /// The health probe.
    pub health: HealthProbe,
    /// Entries of Docker's lists that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub odd_entries: Vec<OddEntry>,
    /// True if this run has created or updated the service.
    pub changed: bool,
}

/// The image that is to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Image {
    /// The archive cannot be used.
    Unusable {
        /// The cause.
        reason: String,
        /// The remedy.
        hint: String,
    },
    /// Docker does not have it yet.
    InArchive {
        /// The tag it is to have.
        tag: String,
    },
    /// Docker has it.
    Loaded {
        /// The tag.
        tag: String,
        /// The id.
        id: String,
    },
}

/// A credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialState {
    /// Usable.
    Usable,
    /// Not usable.
    Unusable {
        /// The cause.
        reason: String,
        /// The remedy.
        hint: String,
    },
}

/// The result of the health probe through Traefik.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthProbe {
    /// No task runs.
    NotRunning,
    /// The program is healthy.
    Healthy,
    /// No answer, or an error.
    Unhealthy {
        /// The cause.
        reason: String,
        /// The remedy.
        hint: String,
        /// True if the error may pass by itself.
        may_pass: bool,
    },
}

impl Observed {
    /// The secrets of a kind, sorted by number.
    pub fn secrets(&self, kind: &str) -> &[Secret] {
        self.secrets.get(kind).map_or(&[], Vec::as_slice)
    }
}

impl Program {
    /// Reads everything.
    pub async fn observe(&self, goal: &ServiceGoal) -> Result<Observed, Error> {
        let contents = self.contents();
        let of_swarm = async {
            tokio::try_join!(
                secret::observe(&self.docker, self.name, self.piece, &contents),
                network::find(&self.docker, goal.network),
                live::observe(&self.docker, self.name),
            )
        };
        let (of_swarm, images) = tokio::join!(of_swarm, self.images());
        let (image, images) = images?;
        let mut observed = Observed {
            no_swarm: None,
            api: self.docker.api(),
            image,
            images,
            credentials: self
                .secrets
                .iter()
                .map(|(kind, secret)| ((*kind).to_owned(), credential_state(secret)))
                .collect(),
            secrets: BTreeMap::new(),
            network: None,
            paths: goal.mounts.iter().map(|mount| (mount.source.clone(), HostPath::at(&mount.source))).collect(),
            service: None,
            health: HealthProbe::NotRunning,
            odd_entries: self.docker.odd_entries(),
            changed: self.memory.borrow().changed,
        };
        match of_swarm {
            Ok((secrets, network, service)) => {
                observed = Observed { secrets, network, service, ..observed };
            }
            Err(error) if error.is_no_manager() => observed.no_swarm = Some(error.why_no_swarm().await),
            Err(error) => return Err(error.into()),
        }
        if observed.service.as_ref().is_some_and(|service| service.tasks.running > 0) {
            observed.health = self.ask().await;
        }
        Ok(observed)
    }

    fn contents(&self) -> BTreeMap<&str, Option<SecretString>> {
        let usable = self.secrets.iter().map(|(kind, secret)| (*kind, secret.as_ref().ok().cloned()));
        usable.chain(self.other_kinds.iter().map(|kind| (*kind, None))).collect()
    }

    async fn images(&self) -> Result<(Image, BTreeMap<String, String>), Error> {
        let images = image::observe(&self.docker, self.name).await?;
        let archive = match Archive::of_program(self.name, &self.archive) {
            Ok(archive) => archive,
            Err(error) => {
                let (reason, hint) = Explained::new(&error).reason_and_hint();
                return Ok((Image::Unusable { reason, hint }, images));
            }
        };
        let tag = image::tag(self.name, &archive.content);
        let loaded = match images.get(&tag) {
            Some(id) => image::loaded(&self.docker, &archive, &tag, id).await?,
            None => None,
        };
        Ok((loaded.map_or(Image::InArchive { tag: tag.clone() }, |id| Image::Loaded { tag, id }), images))
    }

    /// Makes one attempt: the next observation asks again, and the wait is shown meanwhile.
    async fn ask(&self) -> HealthProbe {
        let url = self.client.url(&["healthz"], &[]);
        let request = Request { method: Method::GET, url, identity: &Identity::Anonymous, body: Body::None };
        let answer = self.client.ask(&request).await;
        match answer.and_then(|answer| answer.or_failure()?.refuse_page()) {
            Ok(()) => HealthProbe::Healthy,
            Err(error) => {
                let may_pass = error.class() == Class::Transient;
                let (reason, hint) = Explained::new(&error).reason_and_hint();
                HealthProbe::Unhealthy { reason, hint, may_pass }
            }
        }
    }
}

fn credential_state(secret: &Result<SecretString, Explained>) -> CredentialState {
    match secret {
        Ok(_) => CredentialState::Usable,
        Err(error) => {
            let (reason, hint) = error.reason_and_hint();
            CredentialState::Unusable { reason, hint }
        }
    }
}
