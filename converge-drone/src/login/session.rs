//! The session of a login.

use std::fmt;
use std::time::Duration;

use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use http::drone::Account;
use http::{Body, Call, Client, Error, Identity, Service};

/// The interval of polls during a synchronisation.
const INTERVAL: Duration = Duration::from_millis(50);

/// The bot's session at Drone. Its cookies are in memory only.
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

    /// The account of the session.
    pub async fn account(&self) -> Result<Account, Error> {
        self.client.get(&self.cookies, &["api", "user"], &[]).await
    }

    /// Waits until Drone has synchronised the account's repositories, in the background after a first login. At its end Drone
    /// stores the account as it was at the start, so a token rotated meanwhile would be lost.
    pub(super) async fn synchronised(&self) -> Result<(), Error> {
        let after = self.client.deadline();
        let until = Instant::now() + after;
        loop {
            let account = self.account().await?;
            if !account.syncing {
                return Ok(());
            }
            if Instant::now() >= until {
                let call = Call::new(Service::Drone, &Method::GET, &self.client.url(&["api", "user"], &[]));
                return Err(Error::Synchronising { call, login: account.login, after });
            }
            sleep(INTERVAL).await;
        }
    }

    /// Rotates the API token of the account.
    pub async fn new_token(&self) -> Result<SecretString, Error> {
        #[derive(Deserialize)]
        struct Rotated {
            token: SecretString,
        }
        let path = ["api", "user", "token"];
        let answer = self.client.change(Method::POST, &self.cookies, &path, &[("rotate", "true")], Body::None).await?;
        Ok(answer.json::<Rotated>()?.token)
    }
}
