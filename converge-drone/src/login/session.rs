//! A login that succeeded, and what it is for.

use std::fmt;

use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;

use crate::drone::Account;
use crate::http::{Body, Client, Error, Identity};

/// The bot's session at Drone. It ends with this value: nothing of it is kept.
pub struct Session {
    client: Client,
    cookies: Identity,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(client: Client, cookies: SecretString) -> Self {
        Self { client, cookies: Identity::Cookies(cookies) }
    }

    /// Who is logged in.
    pub async fn account(&self) -> Result<Account, Error> {
        self.client.get(&self.cookies, &["api", "user"], &[]).await
    }

    /// The account's API token: the present one, or, with `rotate`, a new one in its place.
    pub async fn token(&self, rotate: bool) -> Result<SecretString, Error> {
        #[derive(Deserialize)]
        struct Told {
            token: SecretString,
        }
        let query: &[(&str, &str)] = if rotate { &[("rotate", "true")] } else { &[] };
        let path = ["api", "user", "token"];
        let answer = self.client.change(Method::POST, &self.cookies, &path, query, Body::None).await?;
        Ok(answer.json::<Told>()?.token)
    }
}
