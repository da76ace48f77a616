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
use axum::routing::{get, post};
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
    /// The receiver of deliveries; `None` without a webhook.
    pub hook: Option<Arc<Hook>>,
    /// The cached test of the ledger.
    pub health: Arc<Health>,
}

/// Routes of the server.
pub fn router(bridge: Arc<Bridge>, hook: Option<Hook>) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(health::answer))
        .route("/metrics", get(count))
        .route("/api/triggers", get(triggers::answer));
    if hook.is_some() {
        router = router.route("/hook", post(hook::receive));
    }
    let health = Arc::new(Health::default());
    router.fallback(nothing).with_state(AppState { bridge, hook: hook.map(Arc::new), health })
}

async fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "there is nothing here\n").into_response()
}

async fn count(State(app): State<AppState>) -> Response {
    let triggers = app.bridge.ledger.counts().ok();
    let gauges = Gauges { triggers, problems: app.bridge.health.problems().len() };
    ([(CONTENT_TYPE, prometheus::CONTENT_TYPE)], app.bridge.metrics.text(&gauges)).into_response()
}
