//! Gitea: the OAuth application, and the repository.

use base::error::{Class, Explain, Explained};
use serde::{Deserialize, Serialize};

use super::in_words;
use crate::ConvergeDrone;
use crate::login;
use http::gitea::{Application, Gitea};

/// Gitea, asked as the bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forge {
    /// It does not answer, or not as it should.
    Silent {
        /// Why.
        reason: String,
        /// What to do.
        hint: String,
        /// Whether that may pass by itself.
        may_pass: bool,
    },
    /// It does not let the bot in.
    Refuses {
        /// Why.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// It answers.
    Answers {
        /// The bot's OAuth applications that send back to our Drone, oldest first.
        applications: Vec<Application>,
        /// The repository, unless the bot cannot see one of that name.
        repository: Option<Repository>,
    },
}

/// The repository in Gitea.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// What it is called now: a renamed one is found by its old name, too.
    pub name: String,
    /// Whether the bot administers it.
    pub admin: bool,
}

impl Forge {
    /// Whether Gitea lets the bot in.
    pub fn answers(&self) -> bool {
        matches!(self, Self::Answers { .. })
    }
}

/// Asks Gitea.
pub async fn observe(on: &ConvergeDrone) -> Forge {
    let gitea = match &on.gitea {
        Ok(gitea) => gitea,
        Err(error) => return refuses(error),
    };
    // A run has one password. One that is refused is not tried at every look: who fails often is locked out.
    if let Some(why) = &*on.refused.borrow() {
        return refuses(why);
    }
    let slug = &on.desired.repository.name;
    let (applications, repository) = tokio::join!(gitea.applications(), gitea.repository(slug));
    let (mut applications, repository) = match applications.and_then(|all| Ok((all, repository?))) {
        Ok(answers) => answers,
        Err(error) => return why_not(on, gitea, error).await,
    };
    let redirect = on.desired.redirect();
    applications.retain(|application| application.redirect_uris.contains(&redirect));
    applications.sort_by_key(|application| application.id);
    let repository =
        repository.map(|repository| Repository { name: repository.full_name, admin: repository.permissions.admin });
    Forge::Answers { applications, repository }
}

fn refuses(error: &Explained) -> Forge {
    let (reason, hint) = in_words(error);
    Forge::Refuses { reason, hint }
}

async fn why_not(on: &ConvergeDrone, gitea: &Gitea, error: http::Error) -> Forge {
    if error.refusal().is_some() {
        // Its pages say more than its API, which answers the same to a wrong password and to two-factor login.
        return match login::why_refused(gitea).await {
            Ok(Some(blocked)) => {
                let why = Explained::new(&blocked);
                let seen = refuses(&why);
                on.refused.replace(Some(why));
                seen
            }
            Ok(None) | Err(_) => refuses(&Explained::new(&error)),
        };
    }
    let (reason, hint) = in_words(&Explained::new(&error));
    Forge::Silent { reason, hint, may_pass: error.class() == Class::Transient }
}
