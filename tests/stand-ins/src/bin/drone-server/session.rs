//! The caller of a request, by a token or a login's cookie.

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::model::Account;
use crate::server::{Server, now};

/// Lifetime in seconds: thirty days, as on the real server.
const LIFETIME: i64 = 720 * 3600;

/// Random letters and digits.
pub fn random(length: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(length).collect()
}

/// The value of a login's cookie.
pub fn cookie(server: &Server, login: &str) -> String {
    let until = now() + LIFETIME;
    format!("{until}.{}.{login}", signature(server, until, login))
}

fn signature(server: &Server, until: i64, login: &str) -> String {
    let secret = &server.settings.cookie_secret;
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{secret}\n{until}\n{login}\n{secret}")))
}

/// The value of a cookie in the request's headers.
pub fn cookie_named(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// The account of a request. A wrong token is an error even beside a valid cookie.
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
