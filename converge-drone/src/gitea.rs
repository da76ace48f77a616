//! What converge-drone asks of Gitea, as the bot.

mod answers;

use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::json;

use http::{Answer, Body, Client, Connect, Error, Identity, Request, Service};

pub use answers::{Application, Created, Repository};

/// How many entries one page holds; a server may send fewer.
const PAGE: &str = "50";
/// How many pages are read at most.
const PAGES: usize = 100;

/// Gitea, asked as the bot.
#[derive(Debug, Clone)]
pub struct Gitea {
    client: Client,
    login: String,
    password: SecretString,
    identity: Identity,
}

impl Gitea {
    /// Gitea at `address`, as `login`. No connection is made yet.
    pub fn new(address: &str, login: &str, password: &SecretString, connect: &Connect) -> Result<Self, Error> {
        let client = Client::new(Service::Gitea, address, connect)?;
        // Files end with a line break, passwords do not.
        let password = SecretString::from(password.expose_secret().trim_end_matches(['\r', '\n']));
        let identity = Identity::Password(login.into(), password.clone());
        let client = client.hiding(identity.secrets());
        Ok(Self { client, login: login.into(), password, identity })
    }

    /// The bot's OAuth applications.
    pub async fn applications(&self) -> Result<Vec<Application>, Error> {
        self.all(&["api", "v1", "user", "applications", "oauth2"]).await
    }

    /// Creates an OAuth application. Its secret is told this once.
    pub async fn create_application(&self, name: &str, redirect: &str) -> Result<Created, Error> {
        let body = json!({"name": name, "redirect_uris": [redirect], "confidential_client": true});
        let path = ["api", "v1", "user", "applications", "oauth2"];
        self.client.change(Method::POST, &self.identity, &path, &[], Body::Json(&body)).await?.json()
    }

    /// Gives an OAuth application a new secret; the old one is dead from then on. Everything else of it stays.
    pub async fn regenerate_secret(&self, application: &Application) -> Result<Created, Error> {
        let body = json!({
            "name": application.name, "redirect_uris": application.redirect_uris, "confidential_client": true,
            "skip_secondary_authorization": application.skip_secondary_authorization,
        });
        let id = application.id.to_string();
        let path = ["api", "v1", "user", "applications", "oauth2", &id];
        self.client.change(Method::PATCH, &self.identity, &path, &[], Body::Json(&body)).await?.json()
    }

    /// The repository `owner/name`, unless the bot cannot see one.
    pub async fn repository(&self, slug: &str) -> Result<Option<Repository>, Error> {
        let (owner, name) = slug.split_once('/').unwrap_or((slug, ""));
        let url = self.client.url(&["api", "v1", "repos", owner, name], &[]);
        let mut settled = self.read(url).await;
        // The old name of a renamed one leads to the new.
        if let Err(Error::Redirected { to, .. }) = &settled
            && let Some(renamed) = self.client.within(to, &["api", "v1", "repos"])
        {
            settled = self.read(renamed).await;
        }
        found(settled.and_then(|answer| answer.json()))
    }

    /// The client, for the login by its pages.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Who logs in.
    pub fn login(&self) -> &str {
        &self.login
    }

    pub(crate) fn password(&self) -> &SecretString {
        &self.password
    }

    async fn read(&self, url: Url) -> Result<Answer, Error> {
        self.client.read(&Request { method: Method::GET, url, identity: &self.identity, body: Body::None }).await
    }

    /// Every page of a list: until one is empty or the total is reached, for a server may send fewer than asked for.
    async fn all<T: DeserializeOwned>(&self, path: &[&str]) -> Result<Vec<T>, Error> {
        let mut entries = Vec::new();
        for page in 1..=PAGES {
            let page = page.to_string();
            let url = self.client.url(path, &[("page", &page), ("limit", PAGE)]);
            let answer = self.read(url).await?;
            let more: Vec<T> = answer.json()?;
            let (ended, total) = (more.is_empty(), answer.number("x-total-count"));
            entries.extend(more);
            if ended || total.is_some_and(|total| entries.len() >= total) {
                break;
            }
        }
        Ok(entries)
    }
}

/// `None` for what is not there.
fn found<T>(settled: Result<T, Error>) -> Result<Option<T>, Error> {
    match settled {
        Ok(there) => Ok(Some(there)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
