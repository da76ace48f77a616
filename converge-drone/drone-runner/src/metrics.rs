//! The metrics, on a socket that only this machine reaches.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use daemon::listen::{Listener, serve as listen};
use daemon::prometheus;
use tokio::sync::watch;

use super::board::Board;

/// Serves `/metrics` at `place` until the task is aborted.
pub async fn serve(place: String, board: Arc<Board>) {
    let listener = match Listener::bind(&place).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!("there are no metrics at {place}: {error}");
            return;
        }
    };
    let router = Router::new().route("/metrics", get(metrics)).route("/", get(metrics)).with_state(board);
    let (_never, shutdown) = watch::channel(false);
    listen(listener, router, shutdown).await;
}

async fn metrics(State(board): State<Arc<Board>>) -> Response {
    ([(CONTENT_TYPE, prometheus::CONTENT_TYPE)], board.metrics()).into_response()
}
