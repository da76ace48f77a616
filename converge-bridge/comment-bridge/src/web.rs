//! The HTTP server: hook, health, metrics, triggers.
//!
//! Traefik routes `/hook` and `/healthz` only; the other paths are for the overlay network. A connection carries one
//! request, so bytes behind a request are never read as another one.

mod health;
mod triggers;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use daemon::prometheus;

use super::Bridge;
use super::hook::{self, Hook};
use super::metrics::Gauges;

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
        .route("/metrics", get(count))
        .route("/api/triggers", get(triggers::answer))
        .fallback(nothing)
        .with_state(AppState { bridge, health: Arc::default() })
        .merge(hook)
}

async fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "there is nothing here\n").into_response()
}

async fn count(State(app): State<AppState>) -> Response {
    let triggers = app.bridge.ledger.counts().ok();
    let gauges = Gauges { triggers, problems: app.bridge.health.problems().len() };
    ([(CONTENT_TYPE, prometheus::CONTENT_TYPE)], app.bridge.metrics.text(&gauges)).into_response()
}
