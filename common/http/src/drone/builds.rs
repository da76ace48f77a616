//! The builds of one repository.

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::{Answer, Body, Client, Connect, Error, Identity, Request, Service};
use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;

use super::{Build, Page, Stage};
use crate::names::Repository;

/// Builds a page. Drone replaces more than 100 by 25.
pub const PAGE: usize = 100;

/// The stages of a build; `null` for none.
#[derive(Debug, Deserialize)]
struct Stages {
    stages: Option<Vec<Stage>>,
}

/// The limits of a repository.
#[derive(Debug, Deserialize)]
struct Limits {
    /// Minutes; 0 for Drone's default.
    timeout: i64,
}

/// The builds of one repository, asked with a token.
#[derive(Debug, Clone)]
pub struct Builds {
    client: Client,
    identity: Identity,
    repository: Repository,
}

impl Builds {
    /// Drone at `address`. No connection is made yet.
    pub fn new(address: &str, repository: &Repository, token: &SecretString, connect: &Connect) -> Result<Self, Error> {
        let client = Client::new(Service::Drone, address, connect)?;
        Ok(Self { client, identity: Identity::Token(token.clone()), repository: repository.clone() })
    }

    /// A page of the builds, newest first; pages count from 1.
    pub async fn newest(&self, page: usize) -> Result<Page, Error> {
        let (page, most) = (page.to_string(), PAGE.to_string());
        Page::of(&self.read(&[], &[("page", &page), ("per_page", &most)]).await?)
    }

    /// A build. `None` if Drone has no such number, or does not show the repository at present.
    pub async fn build(&self, number: i64) -> Result<Option<Build>, Error> {
        match self.read(&[&number.to_string()], &[]).await {
            Ok(answer) => Build::of(&answer, number).map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a build with these parameters. One attempt: after a lost answer the build may exist.
    /// `None` if no pipeline of the repository matches.
    pub async fn create(&self, branch: Option<&str>, parameters: &[(&str, &str)]) -> Result<Option<Build>, Error> {
        let branch = branch.map(|branch| ("branch", branch));
        let query: Vec<_> = branch.into_iter().chain(parameters.iter().copied()).collect();
        let answer = self.client.change(Method::POST, &self.identity, &self.path(&[]), &query, Body::None).await?;
        Build::made(&answer)
    }

    /// Cancels a build that waits or runs; returns it as it is then. `None` as with [`Self::build`].
    pub async fn cancel(&self, number: i64) -> Result<Option<Build>, Error> {
        let text = number.to_string();
        match self.client.change(Method::DELETE, &self.identity, &self.path(&[&text]), &[], Body::None).await {
            Ok(answer) => Build::of(&answer, number).map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The stages of a build, which a list of builds does not have. `None` as with [`Self::build`].
    pub async fn stages(&self, number: i64) -> Result<Option<Vec<Stage>>, Error> {
        match self.read(&[&number.to_string()], &[]).await {
            Ok(answer) => answer.json::<Stages>().map(|build| Some(build.stages.unwrap_or_default())),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The timeout of a build of the repository; `None` for Drone's default.
    pub async fn timeout(&self) -> Result<Option<Duration>, Error> {
        let path = ["api", "repos", self.repository.owner(), self.repository.name()];
        let url = self.client.url(&path, &[]);
        let request = Request { method: Method::GET, url, identity: &self.identity, body: Body::None };
        let limits: Limits = self.client.read(&request).await?.json()?;
        Ok(u64::try_from(limits.timeout).ok().filter(|minutes| *minutes > 0).map(Duration::from_mins))
    }

    async fn read(&self, below: &[&str], query: &[(&str, &str)]) -> Result<Answer, Error> {
        let url = self.client.url(&self.path(below), query);
        self.client.read(&Request { method: Method::GET, url, identity: &self.identity, body: Body::None }).await
    }

    fn path<'a>(&'a self, below: &[&'a str]) -> Vec<&'a str> {
        let builds = ["api", "repos", self.repository.owner(), self.repository.name(), "builds"];
        [&builds, below].concat()
    }
}
