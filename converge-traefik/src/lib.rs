//! Deploys the Traefik recipe with a wildcard certificate and keeps it that way.
//!
//! - [`desired`]: what the operator declares: domain, recipe and version policy, env, compose files.
//! - [`certificate`]: the pair in credentials `fullchain` and `privkey`, checked before anything is touched.
//! - [`observed`]: secrets, the recipe's clone, the `.env`, the stack, what Traefik serves. Reads only.
//! - [`plan`]: pure; which secrets, which version, whether to deploy, what to wait for.
//! - [`change`]: secrets and marks through Docker, the recipe by git, the `.env` as a file, the deploy by abra.
//!
//! Healthy means: tasks settled, a TLS probe for a made-up name under the wildcard gets exactly our certificate, plain
//! HTTP redirects, and no router names an ACME resolver.

pub mod certificate;
pub mod change;
pub mod desired;
pub mod env;
mod error;
mod facts;
pub mod names;
pub mod observed;
pub mod plan;

use std::cell::RefCell;
use std::path::PathBuf;

use common::abra::Abra;
use common::converger::{Clock, Converger, Fact, Host, Limits, Plan, Problem};
use common::docker::Docker;
use common::error::Explained;
use common::git::Git;
use common::retry::Backoff;
use jiff::Timestamp;
use secrecy::SecretString;

pub use change::Change;
pub use desired::Desired;
pub use error::Error;
pub use observed::Observed;

use certificate::Certificate;

/// The piece's name, and the value of the label on what it creates.
pub const NAME: &str = "traefik";

/// The converger, connected.
#[derive(Debug)]
pub struct Traefik {
    desired: Desired,
    docker: Docker,
    abra: Abra,
    git: Git,
    clock: Clock,
    backoff: Backoff,
    /// The credentials, or why they cannot be had: that blocks the certificate's own sequence only.
    credentials: Result<(SecretString, SecretString), Explained>,
    memory: RefCell<Memory>,
}

/// What this run has done already and nothing outside shows.
#[derive(Debug, Clone, Default)]
struct Memory {
    /// Whether the git server was asked, and how that failed.
    asked: Option<Result<(), String>>,
    /// Whether the stack was deployed.
    deployed: bool,
}

impl Traefik {
    /// The certificate in the credentials, checked.
    fn certificate(&self, now: Timestamp) -> Result<Certificate, Explained> {
        let (fullchain, privkey) = self.credentials.as_ref().map_err(Clone::clone)?;
        Certificate::read(fullchain, privkey, &self.desired.domain, now).map_err(|error| Explained::new(&error))
    }

    /// The app's `.env`.
    fn env_path(&self) -> PathBuf {
        let name = format!("{}.env", names::app_domain(&self.desired.domain));
        self.desired.abra_directory.join("servers/default").join(name)
    }
}

impl Converger for Traefik {
    const NAME: &'static str = NAME;
    type Desired = Desired;
    type Observed = Observed;
    type Change = Change;
    type Error = Error;

    fn check(desired: &Desired) -> Vec<Problem> {
        desired.problems()
    }

    fn limits(desired: &Desired) -> Limits {
        desired.limits
    }

    async fn connect(desired: Desired, host: Host) -> Result<Self, Error> {
        // Fails only when this process has one already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let credentials = || Ok((host.credentials.read("fullchain")?, host.credentials.read("privkey")?));
        let credentials = credentials().map_err(|error: common::credential::Error| Explained::new(&error));
        let call = desired.limits.call();
        let docker = host.backoff.retry(async || Docker::connect(&host.docker_host, call).await).await?;
        let directory = desired.abra_directory.clone();
        Ok(Self {
            abra: Abra::new(&directory, &host.docker_host, desired.limits.wait(), desired.limits.lock()),
            git: Git::new(directory.join("recipes").join(NAME), call),
            docker,
            clock: host.clock,
            backoff: host.backoff,
            credentials,
            memory: RefCell::default(),
            desired,
        })
    }

    fn desired(&self) -> &Desired {
        &self.desired
    }

    async fn observe(&self) -> Result<Observed, Error> {
        observed::observe(self).await
    }

    fn plan(desired: &Desired, observed: &Observed) -> Plan<Change> {
        plan::plan(desired, observed)
    }

    fn facts(desired: &Desired, observed: &Observed) -> Vec<Fact> {
        facts::facts(desired, observed)
    }
}
