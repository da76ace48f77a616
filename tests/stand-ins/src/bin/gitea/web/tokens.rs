//! The token endpoint of OAuth: codes and refresh tokens for access tokens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::answer::{Answer, Refusal, Reply, ok, with};
use crate::model::{Application, Given, Grant, Kind};
use crate::seal::{random, sealed};
use crate::server::now;
use crate::turn::Turn;
use crate::who;

/// Lifetimes of an access token and of a refresh token, in seconds.
const ACCESS: i64 = 3600;
const REFRESH: i64 = 730 * 3600;

/// An error of OAuth: code, description.
type Wrong = (&'static str, &'static str);

pub fn answer(turn: &mut Turn) -> Reply {
    let exchanged = match turn.call.form().get("grant_type") {
        "authorization_code" => by_code(turn),
        "refresh_token" => by_refresh(turn),
        _ => Err(("unsupported_grant_type", "Only refresh_token or authorization_code grant type is supported")),
    };
    match exchanged {
        Ok(grant) => give(turn, &grant),
        Err((code, words)) => with(400, &json!({"error": code, "error_description": words})),
    }
}

/// The application and the secret of the request, from the form or the header.
fn client(turn: &Turn) -> (Option<Application>, String) {
    let form = turn.call.form();
    let (mut id, mut secret) = (form.get("client_id").to_owned(), form.get("client_secret").to_owned());
    let header = turn.call.header("authorization").strip_prefix("Basic ").unwrap_or_default();
    let decoded = STANDARD.decode(header).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    if let (true, Some((name, password))) = (id.is_empty() || secret.is_empty(), decoded.split_once(':')) {
        (id, secret) = (name.to_owned(), password.to_owned());
    }
    (turn.state.applications.values().find(|it| it.client == id).cloned(), secret)
}

fn by_code(turn: &mut Turn) -> Result<Grant, Wrong> {
    let (application, secret) = client(turn);
    let application = application.ok_or(("invalid_client", "cannot load client"))?;
    if application.confidential && application.sealed != sealed(&secret) {
        return Err(("unauthorized_client", "invalid client secret"));
    }
    let form = turn.call.form();
    if !application.redirects.iter().any(|known| known == form.get("redirect_uri")) {
        return Err(("unauthorized_client", "unexpected redirect URI"));
    }
    let (grant, at) =
        found(turn, Kind::Code, form.get("code")).ok_or(("unauthorized_client", "client is not authorized"))?;
    let grant = grant.ok_or(("unauthorized_client", "client is not authorized"))?;
    if grant.application != application.id || turn.state.given[at].redirect != form.get("redirect_uri") {
        return Err(("unauthorized_client", "client is not authorized"));
    }
    turn.state.given.remove(at);
    Ok(grant)
}

fn by_refresh(turn: &mut Turn) -> Result<Grant, Wrong> {
    let (application, secret) = client(turn);
    let application = application.ok_or(("invalid_client", "cannot load client"))?;
    if application.confidential && application.sealed != sealed(&secret) {
        return Err(("invalid_client", "invalid empty client secret"));
    }
    let form = turn.call.form();
    let known = found(turn, Kind::Refresh, form.get("refresh_token"));
    let (grant, _) = known.ok_or(("unauthorized_client", "unable to parse refresh token"))?;
    let grant = grant.ok_or(("invalid_grant", "grant does not exist"))?;
    if grant.application != application.id {
        return Err(("invalid_grant", "refresh token belongs to a different client"));
    }
    Ok(grant)
}

/// A token or code that is still valid: its grant, unless revoked, and its index.
fn found(turn: &Turn, kind: Kind, secret: &str) -> Option<(Option<Grant>, usize)> {
    let sealed = sealed(secret);
    let fits = |given: &Given| given.kind == kind && given.sealed == sealed && given.until > now();
    let at = turn.state.given.iter().position(fits)?;
    let grant = turn.state.given[at].grant;
    Some((turn.state.grants.iter().find(|known| known.id == grant).cloned(), at))
}

fn give(turn: &mut Turn, grant: &Grant) -> Reply {
    turn.state.given.retain(|given| given.until > now());
    let mut token = |kind: Kind, lasts: i64| {
        let secret = format!("gtj_{}", random(80));
        let (sealed, until) = (sealed(&secret), now() + lasts);
        turn.state.given.push(Given { grant: grant.id, kind, sealed, redirect: String::new(), until });
        secret
    };
    let (access, refresh) = (token(Kind::Access, ACCESS), token(Kind::Refresh, REFRESH));
    with(200, &json!({"access_token": access, "token_type": "bearer", "expires_in": ACCESS, "refresh_token": refresh}))
}

/// The profile of a token's account, for a login.
pub fn profile(turn: &Turn) -> Answer {
    let missing = || Refusal::Said(401, "no valid authorization".to_owned());
    let caller = who::of(turn.state, turn.call).ok().flatten().ok_or_else(missing)?;
    let account = turn.state.accounts.get(&caller.account).ok_or_else(missing)?;
    ok(&json!({
        "sub": account.id.to_string(), "name": account.full_name, "preferred_username": account.login,
        "email": account.email, "picture": turn.url(&format!("/avatars/{}", account.id)),
    }))
}
