//! Who asks: a token, or the cookie of a login.

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::model::Account;
use crate::server::{Server, now};

/// Thirty days, as the real server's.
const LIFETIME: i64 = 720 * 3600;

/// Letters and digits.
pub fn random(length: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(length).collect()
}

/// The value of a cookie that says who logged in.
pub fn cookie(server: &Server, login: &str) -> String {
    let until = now() + LIFETIME;
    format!("{until}.{}.{login}", signature(server, until, login))
}

fn signature(server: &Server, until: i64, login: &str) -> String {
    let secret = &server.settings.cookie_secret;
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{secret}\n{until}\n{login}\n{secret}")))
}

/// A cookie's value out of the request's headers.
pub fn cookie_named(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// The account behind a request. A wrong token is not mended by a good cookie.
pub fn account(server: &Server, headers: &HeaderMap, access_token: Option<&str>) -> Option<Account> {
    let given = headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok()).filter(|it| !it.is_empty());
    if let Some(token) = given.or(access_token.filter(|it| !it.is_empty())) {
        let token = token.strip_prefix("Bearer ").unwrap_or(token);
        return server.read(|state| state.accounts.values().find(|account| account.token == token).cloned());
    }
    let value = cookie_named(headers, "_session_")?;
    let mut parts = value.splitn(3, '.');
    let (until, signed, login) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
    if until < now() || signed != signature(server, until, login) {
        return None;
    }
    server.read(|state| state.account(login).cloned())
}
