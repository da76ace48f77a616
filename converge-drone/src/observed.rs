//! What is there. Reads only.

pub mod forge;
pub mod runner;
pub mod server;

use std::collections::BTreeMap;

use base::error::Explained;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub use forge::{Forge, Repository};
pub use runner::{Inputs, Runner, Unit};
pub use server::{Account, Activated, Scm, Server};

use crate::error::Error;
use crate::kept::{API_TOKEN, Application, RPC_SECRET, is_plain};
use crate::{CLIENT_SECRET, ConvergeDrone, RPC};

/// Everything a plan is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// When it was looked at.
    pub now: Timestamp,
    /// The RPC secret.
    pub rpc_secret: RpcSecret,
    /// The client id of the OAuth application whose secret is kept.
    pub client_id: Option<String>,
    /// Gitea.
    pub gitea: Forge,
    /// The app.
    pub app: recipe::Observed,
    /// Drone, asked.
    pub drone: Server,
    /// The runner on this host; `None` where none is declared.
    pub runner: Option<Runner>,
    /// What this run has done already and nothing outside shows.
    pub done: Done,
}

/// The secret that Drone and its runners share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RpcSecret {
    /// It can be used.
    Usable,
    /// There is none yet: one is generated.
    Missing,
    /// The credential cannot be used.
    Unusable {
        /// Why.
        reason: String,
        /// What to do.
        hint: String,
    },
}

/// What this run has done already and nothing outside shows.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Done {
    /// Gitea refused the client secret at a login.
    pub client_refused: bool,
    /// The OAuth application got a new secret.
    pub regenerated: bool,
    /// The bot was logged in.
    pub logged_in: bool,
    /// The bot's repositories were read from Gitea.
    pub synchronised: bool,
    /// The runner was started, or restarted.
    pub runner_started: bool,
}

/// Reads everything.
pub async fn observe(on: &ConvergeDrone) -> Result<Observed, Error> {
    let desired = &on.desired;
    let rpc = on.rpc_secret()?;
    let application = on.kept.application()?;
    let usable = rpc.as_ref().ok().and_then(Option::as_ref);
    let contents = BTreeMap::from([
        (RPC, usable.cloned()),
        (CLIENT_SECRET, application.as_ref().map(|Application { client_secret, .. }| client_secret.clone())),
    ]);
    let runner = runner::observe(desired.runner.as_ref(), usable);
    let (app, gitea, runner) = tokio::join!(
        on.app.observe(&desired.recipe.version, &desired.compose_files, &contents),
        forge::observe(on),
        runner
    );
    let app = app?;
    let runs = app.stack.services.iter().any(|service| service.tasks.running > 0);
    let token = on.kept.secret(API_TOKEN)?;
    let drone = if runs { server::observe(on, token.as_ref(), &gitea).await } else { Server::NotRunning };
    Ok(Observed {
        now: on.clock.now(),
        rpc_secret: seen(&rpc),
        client_id: application.map(|application| application.client_id),
        gitea,
        app,
        drone,
        runner,
        done: on.done.borrow().clone(),
    })
}

fn seen(rpc: &Result<Option<SecretString>, Explained>) -> RpcSecret {
    match rpc {
        Ok(Some(_)) => RpcSecret::Usable,
        Ok(None) => RpcSecret::Missing,
        Err(error) => {
            let (reason, hint) = in_words(error);
            RpcSecret::Unusable { reason, hint }
        }
    }
}

/// An error as a plan shows it: the reason, and what to do.
fn in_words(error: &Explained) -> (String, String) {
    (error.reason(), error.hint.clone().unwrap_or_default())
}

impl ConvergeDrone {
    /// The RPC secret: the credential where one is given, else the one that was generated.
    pub(crate) fn rpc_secret(&self) -> Result<Result<Option<SecretString>, Explained>, Error> {
        match &self.rpc_credential {
            Ok(Some(credential)) => {
                let text = credential.expose_secret().trim();
                Ok(if is_plain(text) { Ok(Some(text.into())) } else { Err(unusable()) })
            }
            Ok(None) => Ok(Ok(self.kept.secret(RPC_SECRET)?)),
            Err(error) => Ok(Err(error.clone())),
        }
    }
}

fn unusable() -> Explained {
    Explained {
        class: base::error::Class::Configuration,
        message: format!(
            "credential `{RPC_SECRET}` is shorter than 16 characters, or has others than letters, digits and -_.=+/"
        ),
        causes: Vec::new(),
        hint: Some("write one by `openssl rand -hex 32`, or leave the credential out: then one is generated".into()),
    }
}
