//! The client of Drone's API: one client for all programs.

mod answers;
mod build;
mod builds;
mod ended;
mod stage;
mod status;

use reqwest::Method;
use secrecy::SecretString;
use serde_json::json;

use crate::{Answer, Body, Client, Connect, Entries, Error, Identity, Request, Service};

pub use answers::{Account, Permissions, Repository};
pub use build::{Build, OddBuild, Page};
pub use builds::{Builds, PAGE};
pub use ended::{START_AGAIN, Stage};
pub use stage::OpenStage;
pub use status::Status;

/// Drone.
#[derive(Debug, Clone)]
pub struct Drone {
    client: Client,
    identity: Identity,
}

impl Drone {
    /// Drone at `address` (`https://` and its domain), asked without a token. No connection is made yet.
    pub fn new(address: &str, connect: &Connect) -> Result<Self, Error> {
        Ok(Self { client: Client::new(Service::Drone, address, connect)?, identity: Identity::Anonymous })
    }

    /// The same server, asked with an API token.
    #[must_use]
    pub fn with_token(&self, token: &SecretString) -> Self {
        Self { client: self.client.clone(), identity: Identity::Token(token.clone()) }
    }

    /// Fails with the reason unless the server is up.
    pub async fn healthy(&self) -> Result<(), Error> {
        let request = self.request(Method::GET, &["healthz"], &[]);
        // One attempt: a caller that waits asks again, and reports the reason meanwhile.
        let answer = self.client.ask(&request).await?.or_failure()?;
        answer.refuse_page()
    }

    /// The account of the token.
    pub async fn account(&self) -> Result<Account, Error> {
        self.client.get(&self.identity, &["api", "user"], &[]).await
    }

    /// The repositories of the token's owner, from Drone's own store: Gitea is not asked.
    /// A request for a single repository may ask Gitea for permissions (once an hour), with 404 when Gitea is away.
    pub async fn repositories(&self) -> Result<Vec<Repository>, Error> {
        listed(&self.client.read(&self.request(Method::GET, &["api", "user", "repos"], &[])).await?)
    }

    /// Makes Drone read the repositories of the token's owner from Gitea again; returns the new list.
    pub async fn synchronise(&self) -> Result<Vec<Repository>, Error> {
        listed(&self.change(Method::POST, &["api", "user", "repos"], Body::None).await?)
    }

    /// The bot's permissions in Gitea for the repository `owner/name`, asked by Drone with the bot's SCM token. A dead token
    /// is status 500; without a token Drone asks anonymously, which shows public repositories.
    pub async fn remote_permissions(&self, slug: &str) -> Result<Permissions, Error> {
        let (owner, name) = slug.split_once('/').unwrap_or((slug, ""));
        let path = ["api", "user", "remote", "repos", owner, name];
        // One attempt: a dead token gives 500, as an outage does, and stays dead.
        let answer = self.client.ask(&self.request(Method::GET, &path, &[])).await?.or_failure()?;
        Ok(answer.json::<Repository>()?.permissions.unwrap_or_default())
    }

    /// Activates a repository: Drone creates its webhook in Gitea, and the token's owner becomes the owner.
    pub async fn activate(&self, slug: &str) -> Result<Repository, Error> {
        let (owner, name) = slug.split_once('/').unwrap_or((slug, ""));
        self.change(Method::POST, &["api", "repos", owner, name], Body::None).await?.json()
    }

    /// Sets timeout (minutes) and trust of a repository. Drone ignores both, and answers 200, unless the token's owner
    /// is an administrator: compare the answer.
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

    /// The stages that wait or run, of all repositories. Drone tells an administrator only.
    pub async fn queue(&self) -> Result<Vec<OpenStage>, Error> {
        Ok(OpenStage::all(self.client.get(&self.identity, &["api", "queue"], &[]).await?))
    }

    /// The steps of a stage as Drone has them, in the build `number` of the repository `owner/name`.
    pub async fn steps(&self, slug: &str, number: i64, stage: i64) -> Result<Vec<serde_json::Value>, Error> {
        let (owner, name) = slug.split_once('/').unwrap_or((slug, ""));
        let path = ["api", "repos", owner, name, "builds", &number.to_string()];
        Ok(stage::steps(self.client.get(&self.identity, &path, &[]).await?, stage))
    }

    /// The client, for Drone's pages.
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

/// Reads a list of repositories; `null` for none.
fn listed(answer: &Answer) -> Result<Vec<Repository>, Error> {
    if answer.json_ref::<Option<serde::de::IgnoredAny>>()?.is_none() {
        return Ok(Vec::new());
    }
    Entries::of(answer, Ok)?.told()
}
