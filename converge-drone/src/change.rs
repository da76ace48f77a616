//! The changes, one mutation each.

use std::fmt;

use drone_runner::LostStage;
use drone_runner::settings::Settings;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::login::{self, Outcome, Reason};
use crate::state::{self, API_TOKEN_FILE, RPC_SECRET_FILE};
use crate::{ConvergeDrone, RECIPE};
use http::drone;
use http::gitea::{Application, Gitea};

/// One mutation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Generate the RPC secret.
    GenerateRpcSecret,
    /// Create the OAuth application in Gitea.
    CreateApplication {
        /// The name.
        name: String,
        /// The redirect address.
        redirect: String,
    },
    /// Have Gitea give the OAuth application a new secret.
    RegenerateSecret {
        /// The application.
        application: Application,
        /// The reason.
        because: SecretReason,
    },
    /// Log the bot in at Drone, and store a new API token if none works.
    LogIn {
        /// The bot's login.
        bot: String,
        /// The reason.
        because: LoginReason,
    },
    /// Have Drone read the bot's repositories from Gitea.
    Synchronise {
        /// The repository that Drone does not have yet.
        repository: String,
    },
    /// Activate the repository.
    Activate {
        /// The repository.
        repository: String,
    },
    /// Make the bot the repository's owner in Drone.
    TakeOver {
        /// The repository.
        repository: String,
    },
    /// Set the repository's timeout and trust.
    Set {
        /// The repository.
        repository: String,
        /// The timeout of a build, in minutes.
        timeout_minutes: u32,
        /// True for a trusted repository.
        trusted: bool,
    },
    /// Start the runner, or restart it. A runner that stops finishes its builds first.
    StartRunner {
        /// The unit.
        unit: String,
        /// True if it runs already.
        restart: bool,
    },
    /// End a stage that Drone has under the name of the runner, which does not have it.
    EndStage {
        /// The id of the stage in Drone.
        stage: i64,
    },
    /// A change of the recipe's app.
    #[serde(untagged)]
    Recipe(recipe::Change),
}

/// The reason for a new secret of the OAuth application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretReason {
    /// The state directory does not have it.
    Lost,
    /// Gitea refuses it.
    Refused,
    /// The application was made a public one, for which Gitea does not check the secret.
    Public,
}

/// The reason for a login of the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginReason {
    /// There is no API token.
    NoToken,
    /// Drone refuses the API token.
    TokenRefused,
    /// The API token belongs to another account.
    TokenOfOtherAccount,
    /// Gitea refuses the token with which Drone calls it.
    ScmTokenDead,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GenerateRpcSecret => f.write_str("generate the RPC secret"),
            Self::CreateApplication { name, .. } => write!(f, "create the OAuth application `{name}` in Gitea"),
            Self::RegenerateSecret { application, because } => {
                let why = match because {
                    SecretReason::Lost => "its secret is lost",
                    SecretReason::Refused => "Gitea refuses its secret",
                    SecretReason::Public => "it was made a public application",
                };
                write!(f, "regenerate the secret of the OAuth application `{}` in Gitea ({why})", application.name)
            }
            Self::LogIn { bot, because } => {
                let why = match because {
                    LoginReason::NoToken => "there is no API token",
                    LoginReason::TokenRefused => "Drone refuses the API token",
                    LoginReason::TokenOfOtherAccount => "the API token belongs to another account",
                    LoginReason::ScmTokenDead => "Gitea refuses the token that Drone has",
                };
                write!(f, "log {bot} in at Drone ({why})")
            }
            Self::Synchronise { repository } => {
                write!(f, "have Drone synchronise the bot's repositories with Gitea (it does not have {repository})")
            }
            Self::Activate { repository } => write!(f, "activate {repository}"),
            Self::TakeOver { repository } => write!(f, "make the bot the owner of {repository} in Drone"),
            Self::Set { repository, timeout_minutes, trusted } => {
                write!(f, "set {repository} to {}", settings(i64::from(*timeout_minutes), *trusted))
            }
            Self::StartRunner { unit, restart: false } => write!(f, "start {unit}"),
            Self::StartRunner { unit, restart: true } => {
                write!(
                    f,
                    "restart {unit} once its builds have ended (its program, configuration or RPC secret changed)"
                )
            }
            Self::EndStage { stage } => write!(f, "end stage {stage} in Drone, which the runner no longer has"),
            Self::Recipe(change) => change.fmt(f),
        }
    }
}

/// The settings of a repository as text.
pub fn settings(timeout_minutes: i64, trusted: bool) -> String {
    format!("a timeout of {timeout_minutes} min, {}", if trusted { "trusted" } else { "not trusted" })
}

impl From<recipe::Change> for Change {
    fn from(change: recipe::Change) -> Self {
        Self::Recipe(change)
    }
}

impl converge::Change<ConvergeDrone> for Change {
    fn object(&self) -> String {
        match self {
            Self::GenerateRpcSecret => "secret/rpc_secret".into(),
            Self::CreateApplication { .. } | Self::RegenerateSecret { .. } => "application/drone".into(),
            Self::LogIn { bot, .. } => format!("account/{bot}"),
            Self::Synchronise { repository }
            | Self::Activate { repository }
            | Self::TakeOver { repository }
            | Self::Set { repository, .. } => format!("repository/{repository}"),
            Self::StartRunner { unit, .. } => format!("unit/{unit}"),
            Self::EndStage { stage } => format!("stage/{stage}"),
            Self::Recipe(change) => change.object(RECIPE),
        }
    }

    async fn apply(&self, on: &ConvergeDrone) -> Result<(), Error> {
        match self {
            Self::GenerateRpcSecret => on.state.write_secret(RPC_SECRET_FILE, &state::generate()?)?,
            Self::CreateApplication { name, redirect } => {
                let gitea = on.gitea()?;
                // A lost answer leaves an application behind, and then this change is retried.
                if gitea.applications().await?.iter().any(|existing| existing.redirect_uris.contains(redirect)) {
                    return Err(Error::AlreadyThere { name: name.clone() });
                }
                // A kill between the two calls loses the secret; the next run regenerates it.
                let created = gitea.create_application(name, redirect).await?;
                on.state.write_oauth_client(&created.client_id, &created.client_secret)?;
            }
            Self::RegenerateSecret { application, .. } => {
                let gitea = on.gitea()?;
                // Removed first: the call makes our secret invalid, also if this run is killed before the answer.
                on.state.remove_oauth_client()?;
                let created = gitea.regenerate_secret(application).await?;
                on.state.write_oauth_client(&created.client_id, &created.client_secret)?;
                let mut done = on.done.borrow_mut();
                (done.regenerated, done.client_refused, done.logged_in) = (true, false, false);
            }
            Self::LogIn { because, .. } => on.log_in(*because).await?,
            Self::Synchronise { .. } => {
                on.with_token()?.synchronise().await?;
                on.done.borrow_mut().synchronised = true;
            }
            Self::Activate { repository } => drop(on.with_token()?.activate(repository).await?),
            Self::TakeOver { repository } => drop(on.with_token()?.take_over(repository).await?),
            Self::Set { repository, timeout_minutes, trusted } => {
                let timeout = i64::from(*timeout_minutes);
                let answer = on.with_token()?.set(repository, timeout, *trusted).await?;
                if (answer.timeout, answer.trusted) != (timeout, *trusted) {
                    let has = settings(answer.timeout, answer.trusted);
                    return Err(Error::Ignored { repository: repository.clone(), has });
                }
            }
            Self::StartRunner { unit, restart } => {
                if *restart {
                    systemd::unit::restart(unit).await?;
                } else {
                    systemd::unit::start(unit).await?;
                }
                on.done.borrow_mut().runner_started = true;
            }
            Self::EndStage { stage } => on.end_stage(*stage).await?,
            Self::Recipe(change) => change.apply(&on.app, |kind| on.content(kind)).await?,
        }
        Ok(())
    }
}

impl ConvergeDrone {
    fn gitea(&self) -> Result<&Gitea, Error> {
        self.gitea.as_ref().map_err(|_| Error::Gone { what: "the bot's password" })
    }

    fn with_token(&self) -> Result<drone::Drone, Error> {
        let token = self.state.secret(API_TOKEN_FILE)?.ok_or(Error::Gone { what: "the API token" })?;
        Ok(self.drone.with_token(&token))
    }

    async fn end_stage(&self, stage: i64) -> Result<(), Error> {
        let declared = self.desired.runner.as_ref().ok_or(Error::Gone { what: "the runner" })?;
        let secret = self.rpc_secret()?.ok().flatten().ok_or(Error::Gone { what: "the RPC secret" })?;
        let (settings, _) = Settings::read(&declared.configuration)?;
        if let Some(lost) = LostStage::read(&settings, secret, stage).await? {
            let steps = self.with_token()?.steps(lost.repository(), lost.build(), stage).await?;
            lost.end(steps).await?;
        }
        Ok(())
    }

    async fn log_in(&self, because: LoginReason) -> Result<(), Error> {
        let session = match login::login(&self.drone, self.gitea()?).await? {
            Outcome::LoggedIn(session) => session,
            // The next round regenerates the secret; an operator is not needed.
            Outcome::Blocked(blocked) if matches!(blocked.reason, Reason::ClientSecret(_)) => {
                let mut done = self.done.borrow_mut();
                if done.regenerated {
                    return Err(blocked.into());
                }
                done.client_refused = true;
                return Err(Error::ClientSecretRefused);
            }
            Outcome::Blocked(blocked) => return Err(blocked.into()),
        };
        // Drone wrote the first token of the account to its log, so that one is never used.
        if because != LoginReason::ScmTokenDead {
            self.state.write_secret(API_TOKEN_FILE, &session.new_token().await?)?;
        }
        self.done.borrow_mut().logged_in = true;
        Ok(())
    }
}

/// The name of the OAuth application.
pub fn application_name(domain: &str) -> String {
    format!("{RECIPE} ({domain})")
}
