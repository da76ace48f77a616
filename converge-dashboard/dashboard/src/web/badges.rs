//! `/badge/<recipe>.svg` and `/badge/<recipe>.json`, and `/runs/<run>/badge.svg`: embedded by other sites, so they are public
//! and never cached without a question.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use results::Verdict;

use super::{AppState, nothing};
use crate::standing::{Standing, Word};
use crate::store::RunId;
use crate::svg::{Badge, Colour};

/// The left side of every badge.
const LABEL: &str = "recipe ci";
/// Another site may show the picture.
const FROM_ELSEWHERE: (HeaderName, HeaderValue) =
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));

/// A proxy asks before it shows an old one.
const FRESH: (HeaderName, HeaderValue) = (CACHE_CONTROL, HeaderValue::from_static("no-cache"));

/// Answers `/runs/<run>/badge.svg`, which comments show: the badge of one run.
pub async fn of_run(State(app): State<AppState>, Path(id): Path<String>) -> Response {
    let snapshot = app.store.snapshot();
    let Some(run) = RunId::new(&id).and_then(|id| snapshot.run(&id)) else { return nothing().await };
    let (message, colour) = match (run.verdict, run.level) {
        (Some(Verdict::Pass), Some(level)) => (format!("level {level}"), Colour::Green),
        (Some(Verdict::Pass), None) => ("passed".to_owned(), Colour::Green),
        (Some(Verdict::Fail), _) => ("failed".to_owned(), Colour::Red),
        (Some(Verdict::Error), _) => ("no verdict".to_owned(), Colour::Yellow),
        (None, _) => ("running".to_owned(), Colour::Grey),
    };
    picture(&Badge { label: LABEL.to_owned(), message, colour })
}

/// Answers `/badge/<recipe>.svg` and `/badge/<recipe>.json`.
pub async fn answer(State(app): State<AppState>, Path(name): Path<String>) -> Response {
    let Some((recipe, ending)) = name.rsplit_once('.') else { return nothing().await };
    let snapshot = app.store.snapshot();
    let runs = snapshot.recipes.get(recipe).map(|recipe| recipe.runs.as_slice()).unwrap_or_default();
    let badge = badge(&Standing::of(runs, Timestamp::now()));
    // A recipe without a run has a grey badge: a proxy keeps an error.
    match ending {
        "svg" => picture(&badge),
        "json" => ([FRESH, FROM_ELSEWHERE], Json(badge.endpoint())).into_response(),
        _ => nothing().await,
    }
}

fn picture(badge: &Badge) -> Response {
    let headers = [(CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")), FRESH, FROM_ELSEWHERE];
    (headers, badge.svg()).into_response()
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
