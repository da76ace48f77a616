//! The observed state. Reads only.

mod drone;
mod gitea;
mod lost;
mod runner;

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;

use base::error::Explained;

use drone_runner::settings::RPC_SECRET_CREDENTIAL;
use futures_util::future::maybe_done;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub use drone::{Account, DroneRepository, DroneState, ScmToken};
pub use gitea::{GiteaRepository, GiteaState};
pub use runner::{RunnerConfiguration, RunnerState, RunnerUnit};

use crate::error::Error;
use crate::state::{API_TOKEN_FILE, RPC_SECRET_FILE, is_plain};
use crate::{CLIENT_SECRET, ConvergeDrone, RPC_SECRET};

/// The observed state, the input of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// The time of the observation.
    pub now: Timestamp,
    /// The RPC secret.
    pub rpc_secret: RpcSecret,
    /// The client id in the state directory.
    pub client_id: Option<String>,
    /// Gitea.
    pub gitea: GiteaState,
    /// The app.
    pub app: recipe::Observed,
    /// Drone.
    pub drone: DroneState,
    /// The runner on this host; `None` if none is declared.
    pub runner: Option<RunnerState>,
    /// Stages that Drone has under the name of the runner, which does not have them.
    #[serde(default)]
    pub lost_stages: Vec<i64>,
    /// The memory of this run.
    pub done: Done,
}

/// The secret that Drone and its runners share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RpcSecret {
    /// There is one.
    Usable,
    /// There is none: the plan generates one.
    Missing,
    /// The credential is not a usable secret.
    Unusable {
        /// The cause.
        reason: String,
        /// The advice for the operator.
        hint: String,
    },
}

/// The memory of this run: finished changes that cannot be observed.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Done {
    /// A login failed, for Gitea refused the client secret.
    pub client_refused: bool,
    /// The secret of the OAuth application was regenerated.
    pub regenerated: bool,
    /// The bot was logged in.
    pub logged_in: bool,
    /// Drone has synchronised the bot's repositories.
    pub synchronised: bool,
    /// The runner was started, or restarted.
    pub runner_started: bool,
}

/// Observes everything.
pub async fn observe(on: &ConvergeDrone) -> Result<Observed, Error> {
    let desired = &on.desired;
    let rpc = on.rpc_secret()?;
    let oauth_client = on.state.oauth_client()?;
    let usable = rpc.as_ref().ok().and_then(Option::as_ref);
    let contents = BTreeMap::from([
        (RPC_SECRET, usable.cloned()),
        (CLIENT_SECRET, oauth_client.as_ref().map(|client| client.client_secret.clone())),
    ]);
    let slug = &desired.repository.name;
    let bot = on.state.secret(API_TOKEN_FILE)?.map(|token| on.drone.with_token(&token));
    // Asked beside the others, and only waited for if Gitea answers: Drone waits for Gitea too.
    let mut early = pin!(maybe_done(drone::permissions(bot.as_ref(), slug)));
    let mut all = pin!(async {
        tokio::join!(
            on.app.observe(&desired.recipe.version, &desired.compose_files, &contents),
            gitea::observe(on),
            runner::observe(desired.runner.as_ref(), usable),
            drone::ask(on, bot.as_ref()),
        )
    });
    let (app, gitea, runner, answers) = poll_fn(|context| {
        let _ = early.as_mut().poll(context);
        all.as_mut().poll(context)
    })
    .await;
    let app = app?;
    let runs = app.stack.services.iter().any(|service| service.tasks.running > 0);
    let mut drone = if runs { drone::state(&answers, slug) } else { DroneState::NotRunning };
    let mut lost_stages = Vec::new();
    if let (DroneState::Accepts { scm, .. }, Some(bot), Ok(Some(answers))) = (&mut drone, &bot, &answers) {
        let early = async {
            early.as_mut().await;
            early.as_mut().take_output().flatten()
        };
        *scm = drone::scm_state(bot, slug, &gitea, early).await;
        lost_stages = lost::observe(desired.runner.as_ref(), &answers.queue, bot).await;
    }
    Ok(Observed {
        now: on.clock.now(),
        rpc_secret: observed_secret(&rpc),
        client_id: oauth_client.map(|client| client.client_id),
        gitea,
        app,
        drone,
        runner,
        lost_stages,
        done: on.done.borrow().clone(),
    })
}

fn observed_secret(rpc: &Result<Option<SecretString>, Explained>) -> RpcSecret {
    match rpc {
        Ok(Some(_)) => RpcSecret::Usable,
        Ok(None) => RpcSecret::Missing,
        Err(error) => {
            let (reason, hint) = error.reason_and_hint();
            RpcSecret::Unusable { reason, hint }
        }
    }
}

impl ConvergeDrone {
    /// The RPC secret: the credential, or else the generated one.
    pub(crate) fn rpc_secret(&self) -> Result<Result<Option<SecretString>, Explained>, Error> {
        match &self.rpc_credential {
            Ok(Some(credential)) => {
                let text = credential.expose_secret().trim();
                Ok(if is_plain(text) { Ok(Some(text.into())) } else { Err(unusable()) })
            }
            Ok(None) => Ok(Ok(self.state.secret(RPC_SECRET_FILE)?)),
            Err(error) => Ok(Err(error.clone())),
        }
    }
}

fn unusable() -> Explained {
    Explained {
        class: base::error::Class::Configuration,
        message: format!(
            "credential `{RPC_SECRET_CREDENTIAL}` is shorter than 16 characters, or has others than letters, digits and -_.=+/"
        ),
        causes: Vec::new(),
        hint: Some("write one with `openssl rand -hex 32`, or leave the credential out: then one is generated".into()),
    }
}
