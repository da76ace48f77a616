//! The metrics, on a port of this machine or a Unix socket.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use daemon::listen::{Listener, serve as listen};
use daemon::prometheus;
use tokio::sync::watch;

use super::status::RunnerStatus;

/// Serves `/metrics` at `address` until the task is aborted.
pub async fn serve(address: String, status: Arc<RunnerStatus>) {
    let listener = match Listener::bind(&address).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!("there are no metrics at {address}: {error}");
            return;
        }
    };
    let router = Router::new().route("/metrics", get(metrics)).route("/", get(metrics)).with_state(status);
    let (_never, shutdown) = watch::channel(false);
    listen(listener, router, shutdown).await;
}

async fn metrics(State(status): State<Arc<RunnerStatus>>) -> Response {
    ([(CONTENT_TYPE, prometheus::CONTENT_TYPE)], status.metrics()).into_response()
}
