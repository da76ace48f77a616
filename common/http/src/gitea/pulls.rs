//! Pull requests, membership and commit statuses.

use crate::Error;
use reqwest::{Method, StatusCode};

use super::wire::WirePull;
use super::{Gitea, Membership, PullRequest, Status, found, not_understood, number};
use crate::names::{Pull, Repository, is_login};

impl Gitea {
    /// A pull request; `None` if there is none or the bot cannot see it.
    pub async fn pull(&self, pull: &Pull) -> Result<Option<PullRequest>, Error> {
        let Some(answer) = found(self.read(&pull.repository, &["pulls", &number(pull)], &[]).await)? else {
            return Ok(None);
        };
        let read = answer.json::<WirePull>()?.understood(pull.number).map_err(|why| not_understood(&answer, why))?;
        Ok(Some(read))
    }

    /// The membership of `login` in an organisation. Only Gitea's own 204 means yes, and only its own 404 no.
    pub async fn is_member(&self, owner: &str, login: &str) -> Result<Membership, Error> {
        // Another text would make another path.
        if !is_login(owner) || !is_login(login) {
            return Ok(Membership::Stranger);
        }
        let url = self.client.url(&["api", "v1", "orgs", owner, "members", login], &[]);
        let answer = self.ask(Method::GET, url, None).await?;
        match answer.status {
            StatusCode::NO_CONTENT => Ok(Membership::Member),
            StatusCode::SEE_OTHER => Ok(Membership::Hidden),
            status if status.is_success() => {
                Err(not_understood(&answer, format!("status {status} says nothing of a membership")))
            }
            _ => match answer.failure() {
                Error::NotFound { .. } => Ok(Membership::Stranger),
                error => Err(error),
            },
        }
    }

    /// Sets the status of a commit. Without the right to write that is [`Error::Refused`] with status 403.
    pub async fn set_status(&self, repository: &Repository, commit: &str, status: &Status) -> Result<(), Error> {
        let body = serde_json::json!(status);
        self.write(Method::POST, repository, &["statuses", commit], Some(&body)).await.map(drop)
    }
}
