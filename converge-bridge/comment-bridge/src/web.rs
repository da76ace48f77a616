//! The HTTP server: hook and health.
//!
//! The network has untrusted recipes on it, so it serves what is public and nothing else. A connection carries one request, so
//! bytes behind a request are never read as another one.

mod health;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Bridge;
use super::hook::{self, Hook};

pub use health::Health;

/// The state of every handler.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The context of the tasks.
    pub bridge: Arc<Bridge>,
    /// The cached test of the ledger.
    pub health: Arc<Health>,
}

/// Routes of the server.
pub fn router(bridge: Arc<Bridge>, hook: Option<Hook>) -> Router {
    let hook = hook.map(|hook| hook::router(bridge.clone(), hook)).unwrap_or_default();
    Router::new()
        .route("/healthz", get(health::answer))
        .fallback(nothing)
        .with_state(AppState { bridge, health: Arc::default() })
        .merge(hook)
}

async fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "there is nothing here\n").into_response()
}
