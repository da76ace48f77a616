//! The client of Gitea's API, as the bot: one client for all programs.
//!
//! Reads follow a renamed repository to its new name, on the same server only. A write is never redirected: it is
//! repeated at the repository's present name.

mod answers;
mod application;
mod applications;
mod changed;
mod comments;
mod head;
mod pulls;
#[cfg(test)]
mod tests;
mod wire;

use base::backoff::Backoff;
use reqwest::{Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::names::{Pull, Repository};
use crate::{Answer, Body, Client, Connect, Error, Identity, Request, Service};

pub use answers::{Comment, Entry, Head, Membership, PullRequest, Push, Reached, Status};
pub use application::{Application, CreatedApplication, Permissions, RepositoryInfo};
pub use changed::{Changed, Scope, first_pull, moment};

/// The most redirects of one read that are followed: a repository may have been renamed more than once.
const HOPS: usize = 3;

/// Gitea, asked as the bot.
#[derive(Debug, Clone)]
pub struct Gitea {
    client: Client,
    identity: Identity,
}

impl Gitea {
    /// Gitea at `address`, asked with a token. No connection is made yet. Every call is one attempt.
    pub fn with_token(address: &str, token: &SecretString, connect: &Connect) -> Result<Self, Error> {
        let connect = Connect { backoff: Backoff::ONCE, ..connect.clone() };
        let client = Client::new(Service::Gitea, address, &connect)?;
        Ok(Self { client, identity: Identity::Token(token.clone()) })
    }

    /// Gitea at `address`, asked as `login`. No connection is made yet. Reads are retried as `connect` says.
    pub fn with_password(
        address: &str,
        login: &str,
        password: &SecretString,
        connect: &Connect,
    ) -> Result<Self, Error> {
        // Files end with a line break, passwords do not.
        let password = SecretString::from(password.expose_secret().trim_end_matches(['\r', '\n']));
        let identity = Identity::Password(login.into(), password);
        let client = Client::new(Service::Gitea, address, connect)?.hiding(identity.secrets());
        Ok(Self { client, identity })
    }

    /// The client, for Gitea's pages.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The login of the bot; empty when asked with a token.
    pub fn login(&self) -> &str {
        if let Identity::Password(login, _) = &self.identity { login } else { "" }
    }

    /// The password of the bot; empty when asked with a token.
    pub fn password(&self) -> SecretString {
        if let Identity::Password(_, password) = &self.identity { password.clone() } else { SecretString::default() }
    }

    async fn ask(&self, method: Method, url: Url, body: Option<&Value>) -> Result<Answer, Error> {
        let body = body.map_or(Body::None, Body::Json);
        self.client.ask(&Request { method, url, identity: &self.identity, body }).await
    }

    /// Reads a path below a repository, which may have been renamed.
    async fn read(&self, repository: &Repository, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, Error> {
        let mut url = self.client.url(&of(repository, path), query);
        for _ in 0..HOPS {
            let answer = self.ask(Method::GET, url, None).await?;
            let moved = matches!(answer.status, StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT);
            let to = answer.location().filter(|_| moved).and_then(|to| self.client.within(to, &["api", "v1", "repos"]));
            let Some(to) = to else { return answer.or_failure() };
            url = to;
            // The query stays as it was; a redirect may change or drop it.
            url.set_query(None);
            if !query.is_empty() {
                url.query_pairs_mut().extend_pairs(query);
            }
        }
        self.ask(Method::GET, url, None).await?.or_failure()
    }

    /// Writes a path below a repository, once. A redirect had no effect, so the present name is tried then.
    async fn write(
        &self,
        method: Method,
        repository: &Repository,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Answer, Error> {
        let url = self.client.url(&of(repository, path), &[]);
        let settled = self.ask(method.clone(), url, body).await?.or_failure();
        let Err(Error::Redirected { .. }) = &settled else { return settled };
        let now = self.named_now(repository).await?;
        if now == *repository {
            return settled;
        }
        let url = self.client.url(&of(&now, path), &[]);
        self.ask(method, url, body).await?.or_failure()
    }

    /// The present name of a repository.
    async fn named_now(&self, repository: &Repository) -> Result<Repository, Error> {
        let answer = self.read(repository, &[], &[]).await?;
        let named: wire::Named = answer.json()?;
        wire::name(&named.full_name).map_err(|why| not_understood(&answer, why))
    }
}

/// The path below a repository.
fn of<'a>(repository: &'a Repository, path: &[&'a str]) -> Vec<&'a str> {
    [&["api", "v1", "repos", repository.owner(), repository.name()], path].concat()
}

/// The number of a pull request in a path.
fn number(pull: &Pull) -> String {
    pull.number.to_string()
}

fn not_understood(answer: &Answer, why: impl Into<String>) -> Error {
    Error::NotUnderstood { call: answer.call.clone(), why: why.into() }
}

/// `None` for "not found".
fn found<T>(settled: Result<T, Error>) -> Result<Option<T>, Error> {
    match settled {
        Ok(there) => Ok(Some(there)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
