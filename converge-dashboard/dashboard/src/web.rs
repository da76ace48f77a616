//! The HTTP server: routes, headers and assets.

mod api;
mod assets;
mod badges;
mod cache;
mod files;
mod headers;
mod metrics;
mod recipes;
mod run;
mod streams;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use daemon::event_stream::EventStreams;
use daemon::health::Health;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::host::{Host, Sources};
use crate::pages::HostPage;
use crate::settings::Settings;
use crate::store::Store;

pub use cache::Cache;

/// The state of every handler.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The snapshots.
    pub store: Arc<Store>,
    /// The problems of the process.
    pub health: Arc<Health>,
    /// The pages of the last second.
    pub cache: Arc<Cache>,
    /// The event streams.
    pub streams: EventStreams,
    /// The files that may be sent at a time.
    pub downloads: Arc<Semaphore>,
}

/// Routes of the server.
pub fn router(app: AppState) -> Router {
    Router::new()
        .route("/", get(recipes::index))
        .route("/recipe/{recipe}", get(recipes::recipe))
        .route("/latest/{recipe}", get(recipes::latest))
        .route("/badge/{name}", get(badges::answer))
        .route("/feed.xml", get(recipes::feed))
        .route("/feed/{name}", get(recipes::recipe_feed))
        .route("/host", get(host))
        .route("/events", get(streams::generations))
        .route("/runs/{run}", get(run::answer))
        .route("/runs/{run}/events", get(streams::log))
        .route("/runs/{run}/badge.svg", get(badges::of_run))
        .route("/runs/{run}/{file}", get(files::answer))
        .route("/api/recipes", get(api::recipes))
        .route("/api/recipes/{recipe}", get(api::recipe))
        .route("/api/runs", get(api::runs))
        .route("/api/runs/{run}", get(api::run))
        .route("/api/openapi.json", get(api::openapi))
        .route("/metrics", get(metrics::answer))
        .route("/healthz", get(health))
        .route("/assets/{name}", get(assets::answer))
        .fallback(nothing)
        .layer(from_fn_with_state(app.clone(), cache::layer))
        .layer(map_response(headers::add))
        .with_state(app)
}

/// The files are read at each request: none of them is large, and a page is current without an index.
async fn host(State(app): State<AppState>) -> Response {
    let directories = app.store.directories().clone();
    match tokio::task::spawn_blocking(move || Sources::read(&directories)).await {
        Ok(sources) => show(&HostPage::new(Host::new(&sources, Timestamp::now()).for_everybody())),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Answers with a page.
fn show(page: &impl Template) -> Response {
    match page.render() {
        Ok(page) => Html(page).into_response(),
        Err(error) => {
            tracing::error!("a page cannot be rendered: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn health(State(app): State<AppState>) -> Response {
    let reasons = app.health.unhealthy_reasons(std::time::Duration::from_mins(2));
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, if reasons.is_empty() { "healthy\n" } else { "unhealthy\n" }).into_response()
}

async fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "there is nothing here\n").into_response()
}

#[cfg(test)]
mod tests;
