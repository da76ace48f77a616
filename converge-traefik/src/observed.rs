//! What is there. Reads only.

pub mod probe;
pub mod recipe;
pub mod secrets;
pub mod stack;
pub mod tries;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;

use bollard::query_parameters::ListNetworksOptions;
use common::docker::{self, Docker};
use common::env_file::EnvFile;
use common::error::Explained;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use probe::Probe;
pub use recipe::Recipe;
pub use secrets::{Secret, Secrets};
pub use stack::{AcmeRouter, Stack};
pub use tries::Try;

use crate::certificate::Certificate;
use crate::desired::Desired;
use crate::error::Error;
use crate::{Traefik, names};

/// Everything a plan is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// When it was looked at.
    pub now: Timestamp,
    /// Why there is no Swarm to work with; the rest is empty then.
    pub no_swarm: Option<String>,
    /// Whether there is a network `proxy` of scope swarm.
    pub proxy: bool,
    /// The certificate in the credentials.
    pub certificate: CertificateSeen,
    /// The secrets it is in.
    pub secrets: Secrets,
    /// The recipe's clone.
    pub recipe: Option<Recipe>,
    /// Whether this run has asked the git server already, and how that failed.
    pub asked: Option<Result<(), String>>,
    /// The `.env`, parsed.
    pub env: Option<BTreeMap<String, String>>,
    /// The stack.
    pub stack: Stack,
    /// Routers that name an ACME resolver.
    pub acme: Vec<AcmeRouter>,
    /// Versions that are or were tried.
    pub tries: Vec<Try>,
    /// What Traefik serves; `None` when nothing runs that could be asked.
    pub probe: Option<Probe>,
    /// Whether this run has deployed already.
    pub deployed: bool,
}

/// The certificate in the credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateSeen {
    /// It can be served.
    Usable {
        /// Its fingerprint.
        leaf: String,
        /// Until when it is valid.
        until: Timestamp,
    },
    /// It cannot.
    Unusable {
        /// Why.
        reason: String,
        /// What to do.
        hint: String,
    },
}

/// Reads everything.
pub async fn observe(on: &Traefik) -> Result<Observed, Error> {
    let (desired, docker) = (&on.desired, &on.docker);
    let now = on.clock.now();
    let certificate = on.certificate(now);
    let stack_name = names::stack(&desired.domain);
    let of_swarm = async {
        tokio::try_join!(
            secrets::observe(docker, &stack_name, certificate.as_ref().ok()),
            tries::observe(docker, &stack_name),
            stack_and_probe(docker, desired),
            stack::acme_routers(docker),
            has_proxy(docker),
        )
    };
    let (of_swarm, recipe) = tokio::join!(of_swarm, recipe::observe(&on.git, desired));
    let memory = on.memory.borrow().clone();
    let mut observed = Observed {
        now,
        no_swarm: None,
        proxy: false,
        certificate: seen(&certificate),
        secrets: Secrets::default(),
        recipe: recipe?,
        asked: memory.asked,
        env: env(on)?,
        stack: Stack::default(),
        acme: Vec::new(),
        tries: Vec::new(),
        probe: None,
        deployed: memory.deployed,
    };
    match of_swarm {
        Ok((secrets, tries, (stack, probe), acme, proxy)) => {
            Ok(Observed { proxy, secrets, stack, acme, tries, probe, ..observed })
        }
        Err(Error::Docker(error)) if is_no_manager(&error) => {
            observed.no_swarm = Some(why_no_swarm(&error).await);
            Ok(observed)
        }
        Err(error) => Err(error),
    }
}

fn seen(certificate: &Result<Certificate, Explained>) -> CertificateSeen {
    match certificate {
        Ok(certificate) => CertificateSeen::Usable { leaf: certificate.fingerprint(), until: certificate.valid_until },
        Err(error) => {
            let reason = [vec![error.message.clone()], error.causes.clone()].concat().join(": ");
            CertificateSeen::Unusable { reason, hint: error.hint.clone().unwrap_or_default() }
        }
    }
}

async fn stack_and_probe(docker: &Docker, desired: &Desired) -> Result<(Stack, Option<Probe>), Error> {
    let stack = stack::observe(docker, &desired.domain).await?;
    let runs = stack.services.iter().any(|service| service.tasks.running > 0);
    let probe = if runs { Some(probe::ask(desired.probe.address, &desired.domain).await) } else { None };
    Ok((stack, probe))
}

async fn has_proxy(docker: &Docker) -> Result<bool, Error> {
    let filters =
        HashMap::from([("name".to_owned(), vec!["proxy".to_owned()]), ("scope".to_owned(), vec!["swarm".to_owned()])]);
    let options = ListNetworksOptions { filters: Some(filters) };
    let found = docker.call("list networks", async |client| client.list_networks(Some(options)).await).await?;
    Ok(found.iter().any(|network| network.name.as_deref() == Some("proxy")))
}

/// Docker refuses so on a node that manages no swarm, for whatever reason.
fn is_no_manager(error: &docker::Error) -> bool {
    error.status() == Some(503) && error.said().is_some_and(|said| said.contains("swarm"))
}

async fn why_no_swarm(error: &docker::Error) -> String {
    let said = error.said().unwrap_or_default().lines().next().unwrap_or_default().to_owned();
    match common::systemd::unit_in_words("converge-swarm.service").await {
        Some(words) => format!("{said} (converge-swarm.service is {words})"),
        None => said,
    }
}

fn env(on: &Traefik) -> Result<Option<BTreeMap<String, String>>, Error> {
    let path = on.env_path();
    match fs::read(&path) {
        Ok(text) => Ok(Some(EnvFile::parse(&text).values())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File { what: "read", path, source }),
    }
}
