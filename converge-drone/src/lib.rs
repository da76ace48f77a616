//! Deploys Drone, logs the bot in, activates the CI repository, and starts the runner of its builds.
//!
//! The program `drone-runner`, the service that runs the builds, is a crate of its own.
//!
//! - [`desired`]: the configuration: domain, recipe and version policy, Gitea and the bot, the repository, the runner.
//! - [`observed`]: the state of Gitea's OAuth applications, the app, the bot's account in Drone, the runner. Reads only.
//! - [`plan()`]: the changes, in the order of their dependencies. Pure.
//! - [`change`]: the changes, one mutation each.
//! - `state`: the generated secrets in the state directory.
//! - [`http::gitea`], [`http::drone`]: the clients of both servers.
//! - [`login`]: the bot's login by the pages for a browser.

pub mod change;
pub mod desired;
mod env;
mod error;
mod facts;
pub mod login;
pub mod observed;
mod plan;
mod state;

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
use drone_runner::settings::RPC_SECRET_CREDENTIAL;
use recipe::{App, AppId, SecretContent};
use secrecy::SecretString;

pub use change::Change;
pub use desired::Desired;
pub use error::Error;
pub use observed::Observed;
pub use plan::plan;

use http::Connect;
use http::drone::Drone;
use http::gitea::Gitea;
use observed::Done;
use state::StateDir;

/// The name of the piece, and the value of `converge.managed` on its objects.
pub const NAME: &str = "drone";
/// The name of the recipe.
pub const RECIPE: &str = "drone";
/// The kind of the Swarm secret that Drone and its runners share.
pub const RPC_SECRET: &str = "rpc_secret";
/// The kind of the Swarm secret with the secret of the OAuth application.
pub const CLIENT_SECRET: &str = "client_secret";
/// The credential with the bot's password.
pub const PASSWORD_CREDENTIAL: &str = "gitea-password";

/// The connected converger.
#[derive(Debug)]
pub struct ConvergeDrone {
    desired: Desired,
    app: App,
    clock: Clock,
    state: StateDir,
    /// The client of Gitea, or the reason why the bot has no password. Without one, a running Drone stays as it is.
    gitea: Result<Gitea, Explained>,
    /// The reason why Gitea's pages refused the bot in this run.
    refused: RefCell<Option<Explained>>,
    drone: Drone,
    /// The RPC secret, if there is a credential for it.
    rpc_credential: Result<Option<SecretString>, Explained>,
    done: RefCell<Done>,
}

impl Converger for ConvergeDrone {
    const NAME: &'static str = NAME;
    /// Gitea, the secrets, Drone, the bot's account and the repository can each be observed only when the one before is
    /// right. A refused client secret needs these rounds twice.
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
        // Fails only if this process has a provider already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let call = desired.limits.call();
        let docker = host.backoff.retry(async || Docker::connect(&host.docker_host, call).await).await?;
        let connect = Connect { backoff: host.backoff, ..Connect::within(call) };
        let gitea = match host.credentials.read(PASSWORD_CREDENTIAL) {
            Ok(password) => Ok(Gitea::with_password(&desired.gitea.address, &desired.gitea.bot, &password, &connect)?),
            Err(error) => Err(Explained::new(&error)),
        };
        let at_probe = Connect { at: Some(desired.probe.address), ..connect };
        let id = AppId { piece: NAME, recipe: RECIPE, domain: &desired.domain };
        Ok(Self {
            app: App::new(&id, &desired.recipe, &desired.abra_directory, desired.limits, docker, &host),
            drone: Drone::new(&desired.address(), &at_probe)?,
            state: StateDir::new(&host.state_directory),
            rpc_credential: optional(host.credentials.read(RPC_SECRET_CREDENTIAL)),
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
        // The future is large, as it has many concurrent calls.
        Box::pin(observed::observe(self)).await
    }

    fn plan(desired: &Desired, observed: &Observed) -> Plan<Change> {
        plan::plan(desired, observed)
    }

    fn facts(desired: &Desired, observed: &Observed) -> Vec<Fact> {
        facts::facts(desired, observed)
    }
}

/// Reads an optional credential.
fn optional(read: Result<SecretString, credential::Error>) -> Result<Option<SecretString>, Explained> {
    match read {
        Ok(secret) => Ok(Some(secret)),
        Err(credential::Error::Missing { .. } | credential::Error::NoDirectory) => Ok(None),
        Err(error) => Err(Explained::new(&error)),
    }
}

impl ConvergeDrone {
    /// The content of a new Swarm secret of this kind.
    fn content(&self, kind: &str) -> Result<SecretContent, Error> {
        let secret = if kind == RPC_SECRET {
            self.rpc_secret()?.ok().flatten()
        } else {
            self.state.oauth_client()?.map(|client| client.client_secret)
        };
        // The plan was made with this secret.
        let secret = secret.ok_or(Error::Gone { what: "a secret" })?;
        Ok(SecretContent { secret, labels: BTreeMap::new() })
    }
}
