//! What can be changed, one mutation each.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::kept::{self, API_TOKEN, RPC_SECRET};
use crate::login::{self, Outcome, Reason};
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
        /// Its name.
        name: String,
        /// Where it sends a browser back to.
        redirect: String,
    },
    /// Have Gitea give the OAuth application a new secret.
    RegenerateSecret {
        /// The application.
        application: Application,
        /// Why.
        because: Lost,
    },
    /// Log the bot in at Drone, and keep an API token where there is none that works.
    LogIn {
        /// The bot.
        bot: String,
        /// Why.
        because: LogInBecause,
    },
    /// Have Drone read the bot's repositories from Gitea.
    Synchronise {
        /// The repository that Drone does not know yet.
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
        /// Minutes after which a build ends.
        timeout_minutes: u32,
        /// Whether its builds may do what Drone asks trust for.
        trusted: bool,
    },
    /// Have systemd start the runner, or restart it: it finishes its builds first.
    StartRunner {
        /// Its unit.
        unit: String,
        /// Whether it runs already.
        restart: bool,
    },
    /// A change of the recipe's app.
    #[serde(untagged)]
    Recipe(recipe::Change),
}

/// Why the OAuth application gets a new secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lost {
    /// Ours is lost.
    Lost,
    /// Gitea refuses ours.
    Refused,
    /// Somebody made the application a public one, whose secret counts for nothing.
    Public,
}

/// Why the bot is logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogInBecause {
    /// There is no API token.
    NoToken,
    /// Drone refuses the API token.
    TokenRefused,
    /// The API token is somebody else's.
    TokenOfSomebodyElse,
    /// Gitea refuses the token that Drone asks it with.
    ScmTokenDead,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GenerateRpcSecret => f.write_str("generate the RPC secret"),
            Self::CreateApplication { name, .. } => write!(f, "create the OAuth application `{name}` in Gitea"),
            Self::RegenerateSecret { application, because } => {
                let why = match because {
                    Lost::Lost => "ours is lost",
                    Lost::Refused => "Gitea refuses ours",
                    Lost::Public => "it was made a public one",
                };
                write!(f, "have Gitea give the OAuth application `{}` a new secret ({why})", application.name)
            }
            Self::LogIn { bot, because } => {
                let why = match because {
                    LogInBecause::NoToken => "there is no API token",
                    LogInBecause::TokenRefused => "Drone refuses the API token",
                    LogInBecause::TokenOfSomebodyElse => "the API token is somebody else's",
                    LogInBecause::ScmTokenDead => "Gitea refuses the token Drone asks it with",
                };
                write!(f, "log {bot} in at Drone ({why})")
            }
            Self::Synchronise { repository } => {
                write!(f, "have Drone read the bot's repositories from Gitea (it does not know {repository})")
            }
            Self::Activate { repository } => write!(f, "activate {repository}"),
            Self::TakeOver { repository } => write!(f, "make the bot the owner of {repository} in Drone"),
            Self::Set { repository, timeout_minutes, trusted } => {
                write!(f, "set {repository} to {}", settings(i64::from(*timeout_minutes), *trusted))
            }
            Self::StartRunner { unit, restart: false } => write!(f, "start {unit}"),
            Self::StartRunner { unit, restart: true } => {
                write!(f, "restart {unit} once its builds have ended (its configuration or RPC secret changed)")
            }
            Self::Recipe(change) => change.fmt(f),
        }
    }
}

/// A repository's settings, in words.
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
            Self::Recipe(change) => change.object(RECIPE),
        }
    }

    async fn apply(&self, on: &ConvergeDrone) -> Result<(), Error> {
        match self {
            Self::GenerateRpcSecret => on.kept.keep(RPC_SECRET, &kept::generate()?)?,
            Self::CreateApplication { name, redirect } => {
                let gitea = on.gitea()?;
                // An answer that was lost leaves one behind, and this change is then tried again.
                if gitea.applications().await?.iter().any(|there| there.redirect_uris.contains(redirect)) {
                    return Err(Error::AlreadyThere { name: name.clone() });
                }
                // A kill between the two leaves an application whose secret is lost; the next run has it made anew.
                let created = gitea.create_application(name, redirect).await?;
                on.kept.keep_application(&created.client_id, &created.client_secret)?;
            }
            Self::RegenerateSecret { application, .. } => {
                let gitea = on.gitea()?;
                // Ours is dead from the call on, so that it counts as lost if this run is killed after it.
                on.kept.forget_application()?;
                let created = gitea.regenerate_secret(application).await?;
                on.kept.keep_application(&created.client_id, &created.client_secret)?;
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
        let token = self.kept.secret(API_TOKEN)?.ok_or(Error::Gone { what: "the API token" })?;
        Ok(self.drone.with_token(&token))
    }

    async fn log_in(&self, because: LogInBecause) -> Result<(), Error> {
        let session = match login::login(&self.drone, self.gitea()?).await? {
            Outcome::LoggedIn(session) => session,
            // Not for an operator to mend: the next round has Gitea make a new one.
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
        // With the account Drone made a token, and wrote it to its log: it is never used.
        if because != LogInBecause::ScmTokenDead {
            self.kept.keep(API_TOKEN, &session.new_token().await?)?;
        }
        self.done.borrow_mut().logged_in = true;
        Ok(())
    }
}

/// The name of the OAuth application.
pub fn application_name(domain: &str) -> String {
    format!("{RECIPE} ({domain})")
}
