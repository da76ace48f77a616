//! `/api/…`: JSON of the same data.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;

use super::{AppState, nothing};
use crate::api::{Recipes, RunEntry, Runs, document};
use crate::store::RunId;

/// `/api/recipes`.
pub async fn recipes(State(app): State<AppState>) -> Response {
    Json(Recipes::new(&app.store.snapshot(), Timestamp::now())).into_response()
}

/// `/api/recipes/<recipe>`: its newest runs.
pub async fn recipe(State(app): State<AppState>, Path(name): Path<String>) -> Response {
    let snapshot = app.store.snapshot();
    match snapshot.recipes.get(name.as_str()) {
        Some(recipe) => Json(Runs::new(&recipe.runs, snapshot.generation)).into_response(),
        None => nothing().await,
    }
}

/// `/api/runs`: the newest runs.
pub async fn runs(State(app): State<AppState>) -> Response {
    let snapshot = app.store.snapshot();
    Json(Runs::new(&snapshot.runs, snapshot.generation)).into_response()
}

/// `/api/runs/<run>`.
pub async fn run(State(app): State<AppState>, Path(id): Path<String>) -> Response {
    let snapshot = app.store.snapshot();
    match RunId::new(&id).and_then(|id| snapshot.run(&id).cloned()) {
        Some(run) => Json(RunEntry::new(&run)).into_response(),
        None => nothing().await,
    }
}

/// `/api/openapi.json`.
pub async fn openapi() -> Response {
    Json(document()).into_response()
}
