//! Deploys Drone, logs the bot in, activates the CI repository, and runs its builds.
//!
//! Two programs: `converge-drone`, a converger like the others, and `drone-runner`, the service that runs builds.
//!
//! - [`desired`]: what the operator declares: domain, recipe and version policy, Gitea and the bot, the repository.
//! - [`observed`]: Gitea's OAuth applications, the app, what Drone says to our token, the runner. Reads only.
//! - [`plan`]: pure; in the order things depend on each other.
//! - [`change`]: what can be changed, one mutation each.
//! - [`kept`]: the generated secrets in the state directory.
//! - [`http::gitea`], [`http::drone`]: the clients of the two servers.
//! - [`login`]: the bot's login by the pages a browser would see.
//! - [`drone_runner`]: the runner's settings, shared with the converger.

pub mod change;
pub mod desired;
pub mod env;
mod error;
mod facts;
pub mod kept;
pub mod login;
pub mod observed;
pub mod plan;

use std::cell::RefCell;
use std::collections::BTreeMap;

use base::clock::Clock;
use base::configuration::Problem;
use base::credential;
use base::error::Explained;
use base::fact::Fact;
use base::host::Host;
use base::limits::Limits;
use base::plan::Plan;
use converge::Converger;
use docker::Docker;
use recipe::{App, AppId, SecretContent};
use secrecy::SecretString;

pub use change::Change;
pub use desired::Desired;
pub use error::Error;
pub use observed::Observed;

use http::Connect;
use http::drone::Drone;
use http::gitea::Gitea;
use kept::Kept;
use observed::Done;

/// The piece's name, and the value of the label on what it creates.
pub const NAME: &str = "drone";
/// The recipe's name.
pub const RECIPE: &str = "drone";
/// The secret that Drone and its runners share.
pub const RPC: &str = "rpc_secret";
/// The secret of the OAuth application.
pub const CLIENT_SECRET: &str = "client_secret";
/// The credential with the bot's password.
pub const PASSWORD: &str = "gitea-password";

/// The converger, connected.
#[derive(Debug)]
pub struct ConvergeDrone {
    desired: Desired,
    app: App,
    clock: Clock,
    kept: Kept,
    /// Gitea, or why the bot has no password: that leaves alone whatever runs.
    gitea: Result<Gitea, Explained>,
    /// Why Gitea's pages refused the bot in this run.
    refused: RefCell<Option<Explained>>,
    drone: Drone,
    /// The RPC secret, where a credential gives one.
    rpc_credential: Result<Option<SecretString>, Explained>,
    done: RefCell<Done>,
}

impl Converger for ConvergeDrone {
    const NAME: &'static str = NAME;
    /// Gitea, the secrets, Drone, the bot's account and the repository each show only once the one before is right; a
    /// refused client secret takes the way twice.
    const ROUNDS: u32 = 10;
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
        let call = desired.limits.call();
        let docker = host.backoff.retry(async || Docker::connect(&host.docker_host, call).await).await?;
        let connect = Connect { backoff: host.backoff, ..Connect::within(call) };
        let gitea = match host.credentials.read(PASSWORD) {
            Ok(password) => Ok(Gitea::with_password(&desired.gitea.address, &desired.gitea.bot, &password, &connect)?),
            Err(error) => Err(Explained::new(&error)),
        };
        let at_probe = Connect { at: Some(desired.probe.address), ..connect };
        let id = AppId { piece: NAME, recipe: RECIPE, domain: &desired.domain };
        Ok(Self {
            app: App::new(&id, &desired.recipe, &desired.abra_directory, desired.limits, docker, &host),
            drone: Drone::new(&desired.address(), &at_probe)?,
            kept: Kept::new(&host.state_directory),
            rpc_credential: optional(host.credentials.read(kept::RPC_SECRET)),
            clock: host.clock,
            done: RefCell::default(),
            refused: RefCell::default(),
            gitea,
            desired,
        })
    }

    fn desired(&self) -> &Desired {
        &self.desired
    }

    async fn observe(&self) -> Result<Observed, Error> {
        // Many calls side by side: on the heap, for it is large.
        Box::pin(observed::observe(self)).await
    }

    fn plan(desired: &Desired, observed: &Observed) -> Plan<Change> {
        plan::plan(desired, observed)
    }

    fn facts(desired: &Desired, observed: &Observed) -> Vec<Fact> {
        facts::facts(desired, observed)
    }
}

/// A credential that need not be given.
fn optional(read: Result<SecretString, credential::Error>) -> Result<Option<SecretString>, Explained> {
    match read {
        Ok(secret) => Ok(Some(secret)),
        Err(credential::Error::Missing { .. } | credential::Error::NoDirectory) => Ok(None),
        Err(error) => Err(Explained::new(&error)),
    }
}

impl ConvergeDrone {
    /// What a new secret of this kind holds.
    fn content(&self, kind: &str) -> Result<SecretContent, Error> {
        let secret = if kind == RPC {
            self.rpc_secret()?.ok().flatten()
        } else {
            self.kept.application()?.map(|application| application.client_secret)
        };
        // It was there when the plan was made.
        let secret = secret.ok_or(Error::Gone { what: "a secret" })?;
        Ok(SecretContent { secret, labels: BTreeMap::new() })
    }
}
