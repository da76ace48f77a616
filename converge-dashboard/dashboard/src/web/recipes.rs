//! The grid of recipes, one recipe, its newest run, and the feeds.

use axum::extract::{Path, Query, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::Timestamp;

use super::{AppState, nothing, show};
use crate::pages::{Feed, Index, RecipePage, Selection, encoded};

/// The type of a feed.
const ATOM: HeaderValue = HeaderValue::from_static("application/atom+xml; charset=utf-8");

/// `/`.
pub async fn index(State(app): State<AppState>, Query(selection): Query<Selection>) -> Response {
    show(&Index::new(&app.store.snapshot(), selection, Timestamp::now()))
}

/// `/recipe/<recipe>`.
pub async fn recipe(State(app): State<AppState>, Path(name): Path<String>) -> Response {
    let snapshot = app.store.snapshot();
    let Some(recipe) = snapshot.recipes.get(name.as_str()) else { return nothing().await };
    show(&RecipePage::new(&name, recipe, &app.settings.address, snapshot.generation, Timestamp::now()))
}

/// `/latest/<recipe>`: its newest run.
pub async fn latest(State(app): State<AppState>, Path(name): Path<String>) -> Response {
    let snapshot = app.store.snapshot();
    match snapshot.recipes.get(name.as_str()).and_then(|recipe| recipe.runs.first()) {
        Some(run) => Redirect::temporary(&format!("/runs/{}", run.id)).into_response(),
        None => nothing().await,
    }
}

/// `/feed.xml`: the verdicts of all recipes.
pub async fn feed(State(app): State<AppState>) -> Response {
    let snapshot = app.store.snapshot();
    atom(&Feed::new("Verdicts of all recipes", &app.settings.address, "/feed.xml", &snapshot.runs))
}

/// `/feed/<recipe>.xml`: the verdicts of one recipe.
pub async fn recipe_feed(State(app): State<AppState>, Path(name): Path<String>) -> Response {
    let snapshot = app.store.snapshot();
    let Some(name) = name.strip_suffix(".xml") else { return nothing().await };
    let Some(recipe) = snapshot.recipes.get(name) else { return nothing().await };
    let path = format!("/feed/{}.xml", encoded(name));
    atom(&Feed::new(&format!("Verdicts of {name}"), &app.settings.address, &path, &recipe.runs))
}

fn atom(feed: &Feed) -> Response {
    let mut answer = show(feed);
    answer.headers_mut().insert(CONTENT_TYPE, ATOM);
    answer
}
