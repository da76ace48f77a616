//! Drone: the account of our API token, the bot's token for Gitea, and the repository.

use base::error::{Class, Explain, Explained};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::GiteaState;
use crate::ConvergeDrone;
use http::Refusal;
use http::drone::{OpenStage, Permissions};

/// The state of Drone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DroneState {
    /// No task of the service runs.
    NotRunning,
    /// Drone does not answer, or answers with an error.
    Silent {
        /// The cause.
        reason: String,
        /// The advice for the operator.
        hint: String,
        /// True for an error that may pass without an operator.
        may_pass: bool,
    },
    /// Drone answers, and the state directory has no API token.
    NoToken,
    /// Drone answers, and refuses the API token.
    Refuses,
    /// Drone accepts the API token.
    Accepts {
        /// The account of the token.
        account: Account,
        /// The token with which Drone calls Gitea in the bot's name.
        scm: ScmToken,
        /// The repository; `None` before Drone has synchronised it.
        repository: Option<DroneRepository>,
    },
}

/// The account of the API token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The id in Drone.
    pub id: i64,
    /// The login.
    pub login: String,
    /// True for an administrator of Drone.
    pub admin: bool,
}

/// The token with which Drone calls Gitea in the bot's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScmToken {
    /// Gitea accepts it.
    Alive,
    /// Gitea refuses it.
    Dead,
    /// Not known: Gitea does not answer, or the bot cannot see the repository.
    Unknown,
}

/// The repository in Drone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DroneRepository {
    /// True for an activated repository.
    pub active: bool,
    /// The id of the owner, whose token for Gitea the builds use.
    pub owner: i64,
    /// The timeout of a build, in minutes.
    pub timeout_minutes: i64,
    /// True for a trusted repository.
    pub trusted: bool,
}

/// Observes Drone, and reads its queue if it accepts the token.
pub async fn observe(
    on: &ConvergeDrone,
    token: Option<&SecretString>,
    gitea: &GiteaState,
) -> (DroneState, Vec<OpenStage>) {
    let without_queue = |state| (state, Vec::new());
    if let Err(error) = on.drone.healthy().await {
        return without_queue(silent(&error));
    }
    let Some(token) = token else { return without_queue(DroneState::NoToken) };
    let drone = on.drone.with_token(token);
    let slug = &on.desired.repository.name;
    let (account, repositories, queue) = tokio::join!(drone.account(), drone.repositories(), drone.queue());
    let account = match account {
        Ok(account) => Account { id: account.id, login: account.login, admin: account.admin },
        Err(error) if error.refusal() == Some(Refusal::Credentials) => return without_queue(DroneState::Refuses),
        Err(error) => return without_queue(silent(&error)),
    };
    let repositories = match repositories {
        Ok(repositories) => repositories,
        Err(error) => return without_queue(silent(&error)),
    };
    let repository = repositories.into_iter().find(|repository| repository.slug.eq_ignore_ascii_case(slug));
    let repository = repository.map(|repository| DroneRepository {
        active: repository.active,
        owner: repository.user_id,
        timeout_minutes: repository.timeout,
        trusted: repository.trusted,
    });
    let scm = match gitea {
        GiteaState::Answers { repository: Some(found), .. } => {
            scm_token(&drone.remote_permissions(&found.name).await, found.admin)
        }
        // For a repository that the bot cannot see, Drone answers as for a dead token.
        GiteaState::Answers { repository: None, .. } | GiteaState::Silent { .. } | GiteaState::Refuses { .. } => {
            ScmToken::Unknown
        }
    };
    // Only an administrator may read it; the plan blocks a bot that is none.
    (DroneState::Accepts { account, scm, repository }, queue.unwrap_or_default())
}

/// The state of the token, from Drone's answer. Drone answers 500 to a refused token and to every other failure; here Gitea
/// has just answered us, so the token is refused. Without a token Drone calls anonymously: then it sees a public repository,
/// and has no administrator's rights.
fn scm_token(answer: &Result<Permissions, http::Error>, is_admin: bool) -> ScmToken {
    match answer {
        Ok(permissions) if permissions.admin != is_admin => ScmToken::Dead,
        Ok(_) | Err(http::Error::NotFound { .. }) => ScmToken::Alive,
        Err(http::Error::Failing { status: 500, .. } | http::Error::Refused { .. }) => ScmToken::Dead,
        Err(_) => ScmToken::Unknown,
    }
}

fn silent(error: &http::Error) -> DroneState {
    let (reason, hint) = Explained::new(error).reason_and_hint();
    DroneState::Silent { reason, hint, may_pass: error.class() == Class::Transient }
}
