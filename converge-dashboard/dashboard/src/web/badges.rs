//! `/badge/<recipe>.svg` and `/badge/<recipe>.json`: embedded by other sites, so they are public and never cached without a
//! question.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;

use super::{AppState, nothing};
use crate::standing::{Standing, Word};
use crate::svg::{Badge, Colour};

/// The left side of every badge.
const LABEL: &str = "recipe ci";
/// Another site may show the picture.
const FROM_ELSEWHERE: (HeaderName, HeaderValue) =
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));

/// Answers the request.
pub async fn answer(State(app): State<AppState>, Path(name): Path<String>) -> Response {
    let Some((recipe, ending)) = name.rsplit_once('.') else { return nothing().await };
    let snapshot = app.store.snapshot();
    let runs = snapshot.recipes.get(recipe).map(|recipe| recipe.runs.as_slice()).unwrap_or_default();
    let badge = badge(&Standing::of(runs, Timestamp::now()));
    // A recipe without a run has a grey badge: a proxy keeps an error.
    let fresh = (CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    match ending {
        "svg" => {
            let headers = [(CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")), fresh, FROM_ELSEWHERE];
            (StatusCode::OK, headers, badge.svg()).into_response()
        }
        "json" => ([fresh, FROM_ELSEWHERE], Json(badge.endpoint())).into_response(),
        _ => nothing().await,
    }
}

/// The badge of a standing.
fn badge(standing: &Standing) -> Badge {
    let level = standing.newest.as_ref().and_then(|run| run.level);
    let (message, colour) = match (standing.word, level) {
        (Word::Passing, Some(level)) => (format!("level {level}"), Colour::Green),
        (Word::Passing, None) => ("passing".to_owned(), Colour::Green),
        (word @ (Word::Flaky | Word::Stale), _) => (word.as_str().to_owned(), Colour::Yellow),
        (word @ (Word::Failing | Word::Broken), _) => (word.as_str().to_owned(), Colour::Red),
        (word @ Word::Untested, _) => (word.as_str().to_owned(), Colour::Grey),
    };
    Badge { label: LABEL.to_owned(), message, colour }
}
