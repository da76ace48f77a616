//! Deploys the Traefik recipe with a wildcard certificate and keeps it that way.
//!
//! - [`desired`]: the configuration: domain, recipe and version policy, env, compose files.
//! - [`certificate`]: the pair in credentials `fullchain` and `privkey`, judged and encoded anew before any change.
//! - [`observed`]: secrets, the recipe's clone, the `.env`, the stack, the probe of Traefik. Reads only.
//! - [`plan`]: pure; secrets, version, deploy, waits.
//!
//! All its changes are those of a recipe's app: [`recipe::change`].
//!
//! Healthy means: tasks settled, a TLS probe for a made-up name under the wildcard gets exactly our certificate, plain
//! HTTP redirects, a router that comes from Swarm answers, and no router names an ACME resolver.

pub mod certificate;
pub mod desired;
pub mod env;
mod error;
mod facts;
pub mod observed;
pub mod plan;

use std::collections::BTreeMap;

use base::clock::Clock;
use base::configuration::Problem;
use base::error::Explained;
use base::fact::Fact;
use base::host::Host;
use base::limits::Limits;
use base::plan::Plan;
use converge::Converger;
use docker::Docker;
use jiff::Timestamp;
use recipe::{App, AppId, SecretContent};
use secrecy::SecretString;

pub use desired::Desired;
pub use error::Error;
pub use observed::Observed;
pub use recipe::Change;

use certificate::Certificate;

/// The piece's name, and the value of the label on what it creates.
pub const NAME: &str = "traefik";
/// The recipe's name.
pub const RECIPE: &str = "traefik";
/// The secret with the certificate and its chain.
pub const CERTIFICATE: &str = "ssl_cert";
/// The secret with the key.
pub const KEY: &str = "ssl_key";
/// The label with the fingerprint of the certificate that Traefik must serve with a secret.
pub const LEAF: &str = "converge.leaf";

/// The converger, connected.
#[derive(Debug)]
pub struct Traefik {
    desired: Desired,
    app: App,
    clock: Clock,
    /// The credentials, or the error that blocks the certificate's own sequence only.
    credentials: Result<(SecretString, SecretString), Explained>,
}

impl Traefik {
    /// The certificate in the credentials, checked.
    fn certificate(&self, now: Timestamp) -> Result<Certificate, Explained> {
        let (fullchain, privkey) = self.credentials.as_ref().map_err(Clone::clone)?;
        Certificate::read(fullchain, privkey, &self.desired.domain, now).map_err(|error| Explained::new(&error))
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
        let credentials = credentials().map_err(|error: base::credential::Error| Explained::new(&error));
        let call = desired.limits.call();
        let docker = host.backoff.retry(async || Docker::connect(&host.docker_host, call).await).await?;
        let (domain, directory) = (desired.app_domain(), &desired.abra_directory);
        let id = AppId { piece: NAME, recipe: RECIPE, domain: &domain };
        let app = App::new(&id, &desired.recipe, directory, desired.limits, docker, &host);
        Ok(Self { app, clock: host.clock, credentials, desired })
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

impl converge::Change<Traefik> for Change {
    fn object(&self) -> String {
        self.object(RECIPE)
    }

    async fn apply(&self, on: &Traefik) -> Result<(), Error> {
        self.apply(&on.app, |kind| on.content(kind)).await
    }
}

impl Traefik {
    /// Returns the content of a new secret of this kind.
    fn content(&self, kind: &str) -> Result<SecretContent, Error> {
        // It was usable when the plan was made.
        let certificate = self.certificate(self.clock.now()).map_err(|_| Error::NoCertificate)?;
        let labels = BTreeMap::from([(LEAF.to_owned(), certificate.fingerprint())]);
        let secret = if kind == KEY { certificate.privkey } else { certificate.fullchain };
        Ok(SecretContent { secret, labels })
    }
}
