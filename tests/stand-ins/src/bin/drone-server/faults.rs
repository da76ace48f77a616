//! The control server: faults that tests order, and the calls that the server got.
//!
//! `PUT /faults` replaces the list of [`Fault`]s; the first one that matches a call applies. `GET` and
//! `DELETE /faults`, `GET` and `DELETE /calls` read and clear. `POST /accounts/{login}/expire` makes the account's token
//! for Gitea expire, so that its next use renews it; `POST /accounts/{login}/revoke` replaces it by a token that Gitea
//! does not know.

use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::server::Server;

/// Number of calls that are kept.
const CALLS: usize = 10_000;

#[derive(Debug, Default)]
pub struct Faults {
    ordered: Mutex<Vec<Fault>>,
    calls: Mutex<Vec<Call>>,
}

/// A fault: effect, matching calls, count.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// HTTP method; empty matches all.
    #[serde(default)]
    method: String,
    /// A path; `*` at the end matches every path with this prefix.
    path: String,
    /// Number of matching calls without the fault, before the first call with it.
    #[serde(default)]
    skip: u32,
    /// Number of calls with the fault; without it, all.
    #[serde(default)]
    times: Option<u32>,
    /// True if the call takes effect and only the answer is replaced.
    #[serde(default)]
    after: bool,
    what: What,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Delay before the call, in seconds.
    Slow(f64),
    /// The call takes effect this many seconds later; the answer is 504 at once, as from a proxy with a short timeout.
    Late(f64),
    /// This HTTP status, with a message in JSON.
    Status(u16),
    /// A web page with status 200.
    Html,
    /// Status 200 and invalid JSON.
    Garbage,
    /// Status 200 and `null`.
    Null,
    /// No answer.
    Hang,
    /// A redirect to the same URL.
    RedirectLoop,
    /// An answer that ends before its declared length.
    Cut,
}

/// A call that got its answer.
#[derive(Clone, Debug, Serialize)]
struct Call {
    method: String,
    path: String,
    status: u16,
}

impl Fault {
    fn fits(&self, method: &str, path: &str) -> bool {
        let is_there = match self.path.strip_suffix('*') {
            Some(begin) => path.starts_with(begin),
            None => path == self.path,
        };
        is_there && (self.method.is_empty() || self.method == method) && self.times != Some(0)
    }
}

impl Faults {
    /// The fault that applies to a call.
    fn met(&self, method: &str, path: &str) -> Option<Fault> {
        let mut ordered = self.ordered.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = ordered.iter_mut().find(|fault| fault.fits(method, path))?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        if let Some(times) = &mut fault.times {
            *times -= 1;
        }
        Some(fault.clone())
    }
}

/// Middleware of every call.
pub async fn watch(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let fault = server.faults.met(&method, &path);
    let answer = match fault {
        None => next.run(request).await,
        Some(fault) => meet(&fault, request, next).await,
    };
    let mut calls = server.faults.calls.lock().unwrap_or_else(PoisonError::into_inner);
    if calls.len() == CALLS {
        calls.remove(0);
    }
    calls.push(Call { method, path, status: answer.status().as_u16() });
    drop(calls);
    answer
}

async fn meet(fault: &Fault, request: Request, next: Next) -> Response {
    let to = request.uri().to_string();
    if let What::Slow(seconds) = fault.what {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        return next.run(request).await;
    }
    if let What::Late(seconds) = fault.what {
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            drop(next.run(request).await);
        });
        return StatusCode::GATEWAY_TIMEOUT.into_response();
    }
    if fault.after {
        drop(next.run(request).await);
    }
    match fault.what {
        What::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(serde_json::json!({"message": "ordered by a test"}))).into_response()
        }
        What::Html => Html("<!doctype html><title>Welcome to nginx!</title><h1>Welcome to nginx!</h1>").into_response(),
        What::Garbage => ([("content-type", "application/json")], "{\"id\": [[\u{1}").into_response(),
        What::Null => Json(serde_json::Value::Null).into_response(),
        What::RedirectLoop => (StatusCode::FOUND, [(LOCATION, to)]).into_response(),
        What::Cut => {
            let pieces = [Ok("{\"id\":"), Err(std::io::Error::other("ordered by a test"))];
            let body = Body::from_stream(futures_util::stream::iter(pieces));
            ([("content-type", "application/json")], body).into_response()
        }
        What::Hang | What::Slow(_) | What::Late(_) => pending().await,
    }
}

/// The routes of the control server.
pub fn door(server: Arc<Server>) -> Router {
    Router::new()
        .route("/faults", get(ordered).put(order).delete(clear))
        .route("/calls", get(calls).delete(forget))
        .route("/accounts/{login}/{what}", post(token))
        .with_state(server)
}

async fn ordered(State(server): State<Arc<Server>>) -> Json<Vec<Fault>> {
    Json(server.faults.ordered.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

async fn order(State(server): State<Arc<Server>>, Json(faults): Json<Vec<Fault>>) {
    *server.faults.ordered.lock().unwrap_or_else(PoisonError::into_inner) = faults;
}

async fn clear(State(server): State<Arc<Server>>) {
    server.faults.ordered.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

async fn calls(State(server): State<Arc<Server>>) -> Json<Vec<Call>> {
    Json(server.faults.calls.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

async fn forget(State(server): State<Arc<Server>>) {
    server.faults.calls.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

async fn token(State(server): State<Arc<Server>>, Path((login, what)): Path<(String, String)>) -> StatusCode {
    let Some(mut account) = server.read(|state| state.account(&login).cloned()) else { return StatusCode::NOT_FOUND };
    account.expires = 1;
    match what.as_str() {
        "expire" => {}
        "revoke" => {
            "revoked".clone_into(&mut account.access_token);
            "revoked".clone_into(&mut account.refresh_token);
        }
        _ => return StatusCode::NOT_FOUND,
    }
    server.write(|state| state.accounts.insert(account.user.id, account));
    StatusCode::NO_CONTENT
}
