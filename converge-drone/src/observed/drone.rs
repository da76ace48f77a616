//! Drone: the account of our API token, the bot's token for Gitea, and the repository.

use base::error::{Class, Explain, Explained};
use serde::{Deserialize, Serialize};

use super::GiteaState;
use crate::ConvergeDrone;
use http::Refusal;
use http::drone::{self, Drone, OpenStage, Permissions};

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

/// Drone's answers to the questions that need no other answer.
#[derive(Debug)]
pub struct Answers {
    account: Result<drone::Account, http::Error>,
    repositories: Result<Vec<drone::Repository>, http::Error>,
    /// The stages that wait or run. Only an administrator may read them; the plan blocks a bot that is none.
    pub queue: Vec<OpenStage>,
}

/// Asks Drone. `None` without an API token.
pub async fn ask(on: &ConvergeDrone, bot: Option<&Drone>) -> Result<Option<Answers>, http::Error> {
    on.drone.healthy().await?;
    let Some(bot) = bot else { return Ok(None) };
    let (account, repositories, queue) = tokio::join!(bot.account(), bot.repositories(), bot.queue());
    Ok(Some(Answers { account, repositories, queue: queue.unwrap_or_default() }))
}

/// The bot's permissions for the repository, as Drone reads them from Gitea with its token.
pub async fn permissions(bot: Option<&Drone>, slug: &str) -> Option<Result<Permissions, http::Error>> {
    Some(bot?.remote_permissions(slug).await)
}

/// The state of Drone without that of its token for Gitea.
pub fn state(answers: &Result<Option<Answers>, http::Error>, slug: &str) -> DroneState {
    let Answers { account, repositories, .. } = match answers {
        Ok(Some(answers)) => answers,
        Ok(None) => return DroneState::NoToken,
        Err(error) => return silent(error),
    };
    let account = match account {
        Ok(account) => Account { id: account.id, login: account.login.clone(), admin: account.admin },
        Err(error) if error.refusal() == Some(Refusal::Credentials) => return DroneState::Refuses,
        Err(error) => return silent(error),
    };
    let repositories = match repositories {
        Ok(repositories) => repositories,
        Err(error) => return silent(error),
    };
    let repository = repositories.iter().find(|repository| repository.slug.eq_ignore_ascii_case(slug));
    let repository = repository.map(|repository| DroneRepository {
        active: repository.active,
        owner: repository.user_id,
        timeout_minutes: repository.timeout,
        trusted: repository.trusted,
    });
    DroneState::Accepts { account, scm: ScmToken::Unknown, repository }
}

/// The state of the token for Gitea. `early` was asked before Gitea had answered us: it is believed if the token is alive.
pub async fn scm_state(
    bot: &Drone,
    slug: &str,
    gitea: &GiteaState,
    early: impl Future<Output = Option<Result<Permissions, http::Error>>>,
) -> ScmToken {
    // For a repository that the bot cannot see, Drone answers as for a dead token.
    let GiteaState::Answers { repository: Some(found), .. } = gitea else { return ScmToken::Unknown };
    if found.name == slug
        && let Some(early) = early.await
        && scm_token(&early, found.admin) == ScmToken::Alive
    {
        return ScmToken::Alive;
    }
    scm_token(&bot.remote_permissions(&found.name).await, found.admin)
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
