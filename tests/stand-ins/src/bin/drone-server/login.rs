//! Login through Gitea.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::Failure;
use crate::gitea::{Person, Token};
use crate::model::{Account, User};
use crate::server::{Server, now};
use crate::session;
use crate::state::next;
use crate::sync;

const STATE: &str = "_oauth_state_";

/// Interval between two synchronisations of an account, in seconds; checked at a login.
const WEEK: i64 = 7 * 24 * 3600;

pub async fn login(
    State(server): State<Arc<Server>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let word = |key: &str| query.get(key).filter(|it| !it.is_empty());
    if let Some(error) = word("error") {
        return redirect(&format!("/login/error?message={error}"), &[]);
    }
    let Some(code) = word("code") else {
        let state = format!("{:x}", fastrand::u64(..));
        return redirect(&server.gitea.authorise(&state), &[format!("{STATE}={state}; Max-Age=1800")]);
    };
    let forget = format!("{STATE}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0");
    let given = word("state").map(String::as_str).unwrap_or_default();
    let outcome = match session::cookie_named(&headers, STATE) {
        None => Err("http: named cookie not present".into()),
        Some(state) if state != given => Err("Invalid state".into()),
        Some(_) => admit(&server, code, given).await,
    };
    match outcome {
        Ok(account) => {
            let secure = if server.settings.cookie_secure { "; Secure" } else { "" };
            let value = session::cookie(&server, &account.user.login);
            let cookie = format!("_session_={value}; Path=/; Max-Age=2147483647; HttpOnly{secure}; SameSite=lax");
            let to = if account.user.email.is_empty() { "/register" } else { "/" };
            redirect(to, &[forget, cookie])
        }
        Err(error) => redirect(&format!("/login/error?message={error}"), &[forget]),
    }
}

async fn admit(server: &Arc<Server>, code: &str, state: &str) -> Result<Account, Failure> {
    let token = server.gitea.exchange(code, state).await?;
    let person = server.gitea.user(&token.access_token).await?;
    let known = server.read(|state| state.account(person.name()).cloned());
    let mut account = match known {
        Some(account) => account,
        None => register(server, &person, &token).await?,
    };
    if account.user.machine {
        return Err("Machine account login is forbidden".into());
    }
    if !account.user.active {
        return Err("Account is not active".into());
    }
    person.avatar().clone_into(&mut account.user.avatar);
    account.expires = now() + token.expires_in;
    account.access_token = token.access_token;
    account.refresh_token = token.refresh_token;
    account.user.last_login = now();
    account.user.syncing |= account.user.synced + WEEK < now();
    server.write(|state| state.accounts.insert(account.user.id, account.clone()));
    if account.user.syncing {
        let (server, id) = (Arc::clone(server), account.user.id);
        tokio::spawn(async move {
            if let Err(error) = sync::run(&server, id).await {
                server.log("debug", "synchronization failed", &[("error", error.to_string())]);
            }
        });
    }
    Ok(account)
}

/// Creates an account, unless the settings close the registration.
async fn register(server: &Server, person: &Person, token: &Token) -> Result<Account, Failure> {
    let login = person.name().to_owned();
    let filter = &server.settings.user_filter;
    let is_listed = |name: &str| filter.iter().any(|one| one.trim().eq_ignore_ascii_case(name));
    if !filter.is_empty() && !is_listed(&login) {
        let organisations = server.gitea.organisations(&token.access_token).await?;
        if !organisations.iter().any(|name| is_listed(name)) {
            return Err("User must be a member of an approved organization".into());
        }
    }
    if server.settings.registration_closed {
        return Err("User registration is disabled".into());
    }
    let account = server.write(|state| {
        let id = next(&state.accounts);
        let (created, updated) = (now(), now());
        let user = User { id, login, active: true, syncing: true, created, updated, ..User::default() };
        let account = Account { user, token: session::random(32), ..Account::default() };
        state.accounts.insert(id, account.clone());
        account
    });
    Ok(account)
}

/// Deletes the session cookie.
pub async fn logout() -> Response {
    let mut answer = crate::pages::page("Logged out", "<p>Logged out.</p>").into_response();
    answer.headers_mut().insert(SET_COOKIE, HeaderValue::from_static("_session_=deleted; Path=/; Max-Age=0"));
    answer
}

/// A redirect in Go's form: the query goes into the header unchanged.
fn redirect(to: &str, cookies: &[String]) -> Response {
    let mut answer = StatusCode::SEE_OTHER.into_response();
    let line = |text: &str| HeaderValue::from_bytes(text.replace(['\n', '\r'], " ").as_bytes()).ok();
    if let Some(to) = line(to) {
        answer.headers_mut().insert(LOCATION, to);
    }
    for cookie in cookies.iter().filter_map(|cookie| line(cookie)) {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    answer
}
