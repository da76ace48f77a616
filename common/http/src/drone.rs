//! The client of Drone's API: one client for all programs.

mod answers;
mod build;
mod builds;

use reqwest::Method;
use secrecy::SecretString;
use serde_json::json;

use crate::{Answer, Body, Client, Connect, Error, Identity, Request, Service};

pub use answers::{Account, Permissions, Repository};
pub use build::{Build, Page, Status};
pub use builds::{Builds, PAGE};

/// Drone.
#[derive(Debug, Clone)]
pub struct Drone {
    client: Client,
    identity: Identity,
}

impl Drone {
    /// Drone at `address` (`https://` and its domain), asked as nobody. No connection is made yet.
    pub fn new(address: &str, connect: &Connect) -> Result<Self, Error> {
        Ok(Self { client: Client::new(Service::Drone, address, connect)?, identity: Identity::Anonymous })
    }

    /// The same, asked with an API token.
    #[must_use]
    pub fn with_token(&self, token: &SecretString) -> Self {
        Self { client: self.client.clone(), identity: Identity::Token(token.clone()) }
    }

    /// Whether it is up: says why not.
    pub async fn healthy(&self) -> Result<(), Error> {
        let request = self.request(Method::GET, &["healthz"], &[]);
        // One attempt: who waits for it asks again, and wants to say what it waits for meanwhile.
        let answer = self.client.ask(&request).await?.or_failure()?;
        answer.refuse_page()
    }

    /// Who the token belongs to.
    pub async fn account(&self) -> Result<Account, Error> {
        self.client.get(&self.identity, &["api", "user"], &[]).await
    }

    /// The repositories of the token's owner, as Drone has them in its own store: no question to Gitea.
    /// Asked for a single one it may ask Gitea for permissions (once an hour), and answers 404 when it cannot.
    pub async fn repositories(&self) -> Result<Vec<Repository>, Error> {
        let all: Option<_> = self.client.get(&self.identity, &["api", "user", "repos"], &[]).await?;
        Ok(all.unwrap_or_default())
    }

    /// Has Drone ask Gitea again for the repositories of the token's owner; answers what it has then.
    pub async fn synchronise(&self) -> Result<Vec<Repository>, Error> {
        let answer = self.change(Method::POST, &["api", "user", "repos"], Body::None).await?;
        Ok(answer.json::<Option<_>>()?.unwrap_or_default())
    }

    /// What Gitea lets the bot do with the repository `owner/name`, asked by Drone with the bot's SCM token. A dead token
    /// is status 500; without any, Drone asks as nobody, who may read what is public.
    pub async fn remote_permissions(&self, slug: &str) -> Result<Permissions, Error> {
        let (owner, name) = slug.split_once('/').unwrap_or((slug, ""));
        let path = ["api", "user", "remote", "repos", owner, name];
        // One attempt: a dead token is answered by 500, like an outage, and stays dead.
        let answer = self.client.ask(&self.request(Method::GET, &path, &[])).await?.or_failure()?;
        Ok(answer.json::<Repository>()?.permissions.unwrap_or_default())
    }

    /// Activates a repository: Drone makes its webhook in Gitea, and the token's owner owns it from then on.
    pub async fn activate(&self, slug: &str) -> Result<Repository, Error> {
        let (owner, name) = slug.split_once('/').unwrap_or((slug, ""));
        self.change(Method::POST, &["api", "repos", owner, name], Body::None).await?.json()
    }

    /// Sets timeout (minutes) and trust of a repository. Drone ignores both, and answers 200, unless the token's owner
    /// is an administrator: compare what it answers.
    pub async fn set(&self, slug: &str, timeout: i64, trusted: bool) -> Result<Repository, Error> {
        let (owner, name) = slug.split_once('/').unwrap_or((slug, ""));
        let body = json!({"timeout": timeout, "trusted": trusted});
        self.change(Method::PATCH, &["api", "repos", owner, name], Body::Json(&body)).await?.json()
    }

    /// Makes the token's owner the owner of the repository: builds use the owner's SCM token.
    pub async fn take_over(&self, slug: &str) -> Result<Repository, Error> {
        let (owner, name) = slug.split_once('/').unwrap_or((slug, ""));
        self.change(Method::POST, &["api", "repos", owner, name, "chown"], Body::None).await?.json()
    }

    /// The client, for the login by its pages.
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn request(&self, method: Method, path: &[&str], query: &[(&str, &str)]) -> Request<'_> {
        Request { method, url: self.client.url(path, query), identity: &self.identity, body: Body::None }
    }

    async fn change(&self, method: Method, path: &[&str], body: Body<'_>) -> Result<Answer, Error> {
        self.client.change(method, &self.identity, path, &[], body).await
    }
}
