//! `/api/user`, and the account of `DRONE_USER_CREATE`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::access::{Admin, Caller};
use crate::answer::{self, Answer};
use crate::model::{Account, Repository, User};
use crate::server::{Server, now};
use crate::session::random;
use crate::state::next;
use crate::sync;

/// Creates or corrects the account of `DRONE_USER_CREATE` at every start.
pub fn bootstrap(server: &Server) -> Result<(), Failure> {
    let wanted = &server.settings.user_create;
    if wanted.username.is_empty() {
        return Ok(());
    }
    if let Some(mut account) = server.read(|state| state.account(&wanted.username).cloned()) {
        if !wanted.token.is_empty() {
            account.token.clone_from(&wanted.token);
        }
        account.user.machine = wanted.machine;
        account.user.admin = wanted.admin;
        server.write(|state| state.accounts.insert(account.user.id, account));
        return Ok(());
    }
    let mut fields = vec![
        ("admin", wanted.admin.to_string()),
        ("login", wanted.username.clone()),
        ("machine", wanted.machine.to_string()),
    ];
    if wanted.machine && wanted.token.is_empty() {
        server.log("error", "bootstrap: cannot create account, missing token", &fields);
        return Err("cannot bootstrap user account: account token required".into());
    }
    let token = if wanted.token.is_empty() { random(32) } else { wanted.token.clone() };
    fields.push(("token", token.clone()));
    server.write(|state| {
        let id = next(&state.accounts);
        let user = User {
            id,
            login: wanted.username.clone(),
            machine: wanted.machine,
            admin: wanted.admin,
            active: true,
            created: now(),
            updated: now(),
            ..User::default()
        };
        state.accounts.insert(id, Account { user, token, ..Account::default() });
    });
    // The real server logs the token here too, so converge-drone rotates it.
    server.log("info", "bootstrap: account created", &fields);
    Ok(())
}

pub async fn find(Caller(account): Caller) -> Json<User> {
    Json(account.user)
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Email {
    email: String,
}

pub async fn update(State(server): State<Arc<Server>>, Caller(mut account): Caller, body: Bytes) -> Answer {
    let wanted: Email = answer::body(&body)?;
    account.user.email = wanted.email;
    let user = account.user.clone();
    server.write(|state| state.accounts.insert(account.user.id, account));
    Ok(Json(user).into_response())
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Options {
    rotate: String,
    r#async: String,
}

#[derive(Serialize)]
pub struct WithToken {
    #[serde(flatten)]
    user: User,
    token: String,
}

pub async fn token(
    State(server): State<Arc<Server>>,
    Caller(mut account): Caller,
    Query(options): Query<Options>,
) -> Json<WithToken> {
    if options.rotate == "true" {
        account.token = random(32);
        server.write(|state| state.accounts.insert(account.user.id, account.clone()));
    }
    Json(WithToken { user: account.user, token: account.token })
}

/// The repositories that an account sees.
pub fn visible(server: &Server, user: i64) -> Vec<Repository> {
    let mut seen: Vec<Repository> = server.read(|state| {
        let granted = |uid: &str| state.grants.iter().any(|grant| grant.user_id == user && grant.repository == uid);
        let all = state.repositories.values().map(|kept| &kept.repository);
        all.filter(|repository| granted(&repository.uid)).cloned().collect()
    });
    seen.sort_by(|one, other| one.slug.cmp(&other.slug));
    seen
}

pub async fn repositories(State(server): State<Arc<Server>>, Caller(account): Caller) -> Json<Vec<Repository>> {
    Json(visible(&server, account.user.id))
}

pub async fn synchronise(
    State(server): State<Arc<Server>>,
    Caller(account): Caller,
    Query(options): Query<Options>,
) -> Answer {
    let id = account.user.id;
    if options.r#async == "true" {
        tokio::spawn(async move { sync::run(&server, id).await });
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    sync::run(&server, id).await.map_err(answer::internal)?;
    Ok(Json(visible(&server, id)).into_response())
}

/// The repositories that Gitea shows the account now.
pub async fn remote(State(server): State<Arc<Server>>, Caller(account): Caller) -> Answer {
    let token = server.token(account.user.id, false).await.map_err(answer::internal)?;
    let seen = server.gitea.repositories(&token).await.map_err(answer::internal)?;
    let made: Vec<Repository> = seen.iter().map(|it| it.repository(&server.settings)).collect();
    Ok(Json(made).into_response())
}

pub async fn list(State(server): State<Arc<Server>>, _: Admin) -> Response {
    let users: Vec<User> = server.read(|state| state.accounts.values().map(|it| it.user.clone()).collect());
    Json(users).into_response()
}
