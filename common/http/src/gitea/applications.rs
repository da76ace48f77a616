//! OAuth applications and repositories. Reads are retried.

use reqwest::{Method, Url};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{Application, CreatedApplication, Gitea, RepositoryInfo, found};
use crate::{Answer, Body, Entries, Error, Request};

/// Entries a page; a server may send fewer.
const PAGE: &str = "50";
/// The most pages that are read.
const PAGES: usize = 100;

impl Gitea {
    /// The bot's OAuth applications.
    pub async fn applications(&self) -> Result<Vec<Application>, Error> {
        self.all(&["api", "v1", "user", "applications", "oauth2"]).await
    }

    /// Creates an OAuth application. Gitea shows the secret this once.
    pub async fn create_application(&self, name: &str, redirect: &str) -> Result<CreatedApplication, Error> {
        let body = json!({"name": name, "redirect_uris": [redirect], "confidential_client": true});
        let path = ["api", "v1", "user", "applications", "oauth2"];
        self.client.change(Method::POST, &self.identity, &path, &[], Body::Json(&body)).await?.json()
    }

    /// Gives an OAuth application a new secret; the old one is dead from then on. The other fields stay.
    pub async fn regenerate_secret(&self, application: &Application) -> Result<CreatedApplication, Error> {
        let body = json!({
            "name": application.name, "redirect_uris": application.redirect_uris, "confidential_client": true,
            "skip_secondary_authorization": application.skip_secondary_authorization,
        });
        let id = application.id.to_string();
        let path = ["api", "v1", "user", "applications", "oauth2", &id];
        self.client.change(Method::PATCH, &self.identity, &path, &[], Body::Json(&body)).await?.json()
    }

    /// The repository `owner/name`; `None` if the bot cannot see it.
    pub async fn repository(&self, slug: &str) -> Result<Option<RepositoryInfo>, Error> {
        let (owner, name) = slug.split_once('/').unwrap_or((slug, ""));
        let url = self.client.url(&["api", "v1", "repos", owner, name], &[]);
        let mut settled = self.get(url).await;
        // The old name of a renamed repository redirects to the new one.
        if let Err(Error::Redirected { to, .. }) = &settled
            && let Some(renamed) = self.client.within(to, &["api", "v1", "repos"])
        {
            settled = self.get(renamed).await;
        }
        found(settled.and_then(|answer| answer.json()))
    }

    async fn get(&self, url: Url) -> Result<Answer, Error> {
        self.client.read(&Request { method: Method::GET, url, identity: &self.identity, body: Body::None }).await
    }

    /// Reads a list until a page is empty or the total is reached: a server may send fewer entries than asked for.
    async fn all<T: DeserializeOwned>(&self, path: &[&str]) -> Result<Vec<T>, Error> {
        let mut all: Option<Entries<T>> = None;
        for page in 1..=PAGES {
            let page = page.to_string();
            let url = self.client.url(path, &[("page", &page), ("limit", PAGE)]);
            let answer = self.get(url).await?;
            let more = Entries::of(&answer, Ok)?;
            let (ended, total) = (more.shown() == 0, answer.number("x-total-count"));
            match &mut all {
                None => all = Some(more),
                Some(all) => {
                    all.read.extend(more.read);
                    all.left_out.extend(more.left_out);
                }
            }
            let Some(all) = &mut all else { continue };
            all.missing = total.unwrap_or_default().saturating_sub(all.shown());
            if ended || total.is_some() && all.missing == 0 {
                break;
            }
        }
        all.map_or(Ok(Vec::new()), Entries::told)
    }
}
