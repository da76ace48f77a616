//! Gitea: the OAuth applications and the repository.

use base::error::{Class, Explain, Explained};
use serde::{Deserialize, Serialize};

use crate::ConvergeDrone;
use crate::login;
use http::gitea::{Application, Gitea};

/// The state of Gitea, read as the bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GiteaState {
    /// Gitea does not answer, or answers with an error.
    Silent {
        /// The cause.
        reason: String,
        /// The advice for the operator.
        hint: String,
        /// True for an error that may pass without an operator.
        may_pass: bool,
    },
    /// Gitea refuses the bot.
    Refuses {
        /// The cause.
        reason: String,
        /// The advice for the operator.
        hint: String,
    },
    /// Gitea answers.
    Answers {
        /// The bot's OAuth applications with the redirect address of our Drone, oldest first.
        applications: Vec<Application>,
        /// The repository; `None` if the bot cannot see one of that name.
        repository: Option<GiteaRepository>,
    },
}

/// The repository in Gitea.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GiteaRepository {
    /// The present name. A renamed repository is found by its old name, too.
    pub name: String,
    /// True if the bot is an administrator of it.
    pub admin: bool,
}

impl GiteaState {
    /// True if Gitea accepts the bot.
    pub fn answers(&self) -> bool {
        matches!(self, Self::Answers { .. })
    }
}

/// Observes Gitea.
pub async fn observe(on: &ConvergeDrone) -> GiteaState {
    let gitea = match &on.gitea {
        Ok(gitea) => gitea,
        Err(error) => return refuses(error),
    };
    // A refused password is not tried again in this run: Gitea may lock an account after several failures.
    if let Some(why) = &*on.refused.borrow() {
        return refuses(why);
    }
    let slug = &on.desired.repository.name;
    let (applications, repository) = tokio::join!(gitea.applications(), gitea.repository(slug));
    let (mut applications, repository) = match applications.and_then(|all| Ok((all, repository?))) {
        Ok(answers) => answers,
        Err(error) => return error_state(on, gitea, error).await,
    };
    let redirect = on.desired.redirect();
    applications.retain(|application| application.redirect_uris.contains(&redirect));
    applications.sort_by_key(|application| application.id);
    let repository = repository
        .map(|repository| GiteaRepository { name: repository.full_name, admin: repository.permissions.admin });
    GiteaState::Answers { applications, repository }
}

fn refuses(error: &Explained) -> GiteaState {
    let (reason, hint) = error.reason_and_hint();
    GiteaState::Refuses { reason, hint }
}

async fn error_state(on: &ConvergeDrone, gitea: &Gitea, error: http::Error) -> GiteaState {
    if error.refusal().is_some() {
        // The API answers the same to a wrong password and to two-factor login; the pages tell them apart.
        return match login::why_refused(gitea).await {
            Ok(Some(blocked)) => {
                let why = Explained::new(&blocked);
                let state = refuses(&why);
                on.refused.replace(Some(why));
                state
            }
            Ok(None) | Err(_) => refuses(&Explained::new(&error)),
        };
    }
    let (reason, hint) = Explained::new(&error).reason_and_hint();
    GiteaState::Silent { reason, hint, may_pass: error.class() == Class::Transient }
}
