//! Drone: who our API token belongs to, whether the bot's own token for Gitea is alive, and the repository.

use base::error::{Class, Explain, Explained};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{Forge, in_words};
use crate::ConvergeDrone;
use http::Refusal;
use http::drone::Permissions;

/// Drone, asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Server {
    /// Nothing runs that could be asked.
    NotRunning,
    /// It does not answer, or not as it should.
    Silent {
        /// Why.
        reason: String,
        /// What to do.
        hint: String,
        /// Whether that may pass by itself.
        may_pass: bool,
    },
    /// It answers, and there is no API token to ask more with.
    NoToken,
    /// It answers, and refuses the API token that is kept.
    Refuses,
    /// It accepts the API token.
    Accepts {
        /// Whose the token is.
        account: Account,
        /// The bot's own token for Gitea.
        scm: Scm,
        /// The repository, once Drone knows it.
        repository: Option<Activated>,
    },
}

/// Whose the API token is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Its id in Drone.
    pub id: i64,
    /// Its login.
    pub login: String,
    /// Whether it administers Drone.
    pub admin: bool,
}

/// The token that Drone asks Gitea with, in the bot's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scm {
    /// Gitea accepts it.
    Alive,
    /// Gitea does not.
    Dead,
    /// Gitea itself does not answer, or shows the bot no repository to ask about, so nobody knows.
    Unknown,
}

/// The repository in Drone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activated {
    /// Whether it is activated at all.
    pub active: bool,
    /// Who owns it: whose token for Gitea its builds use.
    pub owner: i64,
    /// Minutes after which a build ends.
    pub timeout_minutes: i64,
    /// Whether its builds may do what Drone asks trust for.
    pub trusted: bool,
}

/// Asks Drone.
pub async fn observe(on: &ConvergeDrone, token: Option<&SecretString>, gitea: &Forge) -> Server {
    if let Err(error) = on.drone.healthy().await {
        return silent(&error);
    }
    let Some(token) = token else { return Server::NoToken };
    let drone = on.drone.with_token(token);
    let slug = &on.desired.repository.name;
    let (account, repositories) = tokio::join!(drone.account(), drone.repositories());
    let account = match account {
        Ok(account) => Account { id: account.id, login: account.login, admin: account.admin },
        Err(error) if error.refusal() == Some(Refusal::Credentials) => return Server::Refuses,
        Err(error) => return silent(&error),
    };
    let repositories = match repositories {
        Ok(repositories) => repositories,
        Err(error) => return silent(&error),
    };
    let found = repositories.into_iter().find(|repository| repository.slug.eq_ignore_ascii_case(slug));
    let repository = found.map(|repository| Activated {
        active: repository.active,
        owner: repository.user_id,
        timeout_minutes: repository.timeout,
        trusted: repository.trusted,
    });
    let scm = match gitea {
        Forge::Answers { repository: Some(there), .. } => {
            scm(&drone.remote_permissions(&there.name).await, there.admin)
        }
        // Drone answers a repository that nobody sees like a dead token.
        Forge::Answers { repository: None, .. } | Forge::Silent { .. } | Forge::Refuses { .. } => Scm::Unknown,
    };
    Server::Accepts { account, scm, repository }
}

/// Drone answers 500 when Gitea refuses the token, as it does to every other failure; that Gitea answers us rules the
/// others out. Without any token it asks as nobody, who sees a public repository and administers none.
fn scm(answer: &Result<Permissions, http::Error>, is_admin: bool) -> Scm {
    match answer {
        Ok(permissions) if permissions.admin != is_admin => Scm::Dead,
        Ok(_) | Err(http::Error::NotFound { .. }) => Scm::Alive,
        Err(http::Error::Failing { status: 500, .. } | http::Error::Refused { .. }) => Scm::Dead,
        Err(_) => Scm::Unknown,
    }
}

fn silent(error: &http::Error) -> Server {
    let (reason, hint) = in_words(&Explained::new(error));
    Server::Silent { reason, hint, may_pass: error.class() == Class::Transient }
}
