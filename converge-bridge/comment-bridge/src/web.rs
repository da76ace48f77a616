//! What is served: the hook, health, metrics, triggers.
//!
//! Only `/hook` and `/healthz` are led to by Traefik; the others are for the overlay network. One request a connection:
//! what stands behind a request is never read as another.

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

/// What every handler has at hand.
#[derive(Debug, Clone)]
pub struct Web {
    /// Everything.
    pub bridge: Arc<Bridge>,
    /// What receives deliveries, where they are listened to.
    pub hook: Option<Arc<Hook>>,
    /// How it is.
    pub health: Arc<Health>,
}

/// Everything that is served.
pub fn router(bridge: Arc<Bridge>, hook: Option<Hook>) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(health::answer))
        .route("/metrics", get(count))
        .route("/api/triggers", get(triggers::answer));
    if hook.is_some() {
        router = router.route("/hook", post(hook::receive));
    }
    let health = Arc::new(Health::default());
    router.fallback(nothing).with_state(Web { bridge, hook: hook.map(Arc::new), health })
}

async fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "there is nothing here\n").into_response()
}

async fn count(State(web): State<Web>) -> Response {
    let triggers = web.bridge.ledger.counts().ok();
    let gauges = Gauges { triggers, problems: web.bridge.health.problems().len() };
    ([(CONTENT_TYPE, prometheus::CONTENT_TYPE)], web.bridge.metrics.text(&gauges)).into_response()
}
