//! The Gitea tokens of accounts.

use crate::Failure;
use crate::server::{Server, now};

/// Seconds before the expiry at which a token is renewed.
const BEFORE: i64 = 60;

impl Server {
    /// The account's token for Gitea, renewed when it expires, or if forced. An account that never logged in has
    /// an empty one, which Gitea refuses.
    pub async fn token(&self, user: i64, is_forced: bool) -> Result<String, Failure> {
        let account = self.read(|state| state.accounts.get(&user).cloned());
        let account = account.ok_or("sql: no rows in result set")?;
        let is_expired = !account.refresh_token.is_empty() && account.expires - BEFORE < now();
        if !is_expired && !is_forced {
            return Ok(account.access_token);
        }
        let made = self.gitea.refresh(&account.refresh_token).await?;
        self.write(|state| {
            if let Some(account) = state.accounts.get_mut(&user) {
                account.access_token.clone_from(&made.access_token);
                account.refresh_token.clone_from(&made.refresh_token);
                account.expires = now() + made.expires_in;
            }
        });
        Ok(made.access_token)
    }
}
