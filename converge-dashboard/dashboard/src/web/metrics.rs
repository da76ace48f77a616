//! `/metrics`: counts for Prometheus.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use daemon::prometheus::{self, Exposition, Type};
use jiff::Timestamp;

use super::AppState;
use crate::standing::{Standing, Word};
use crate::store::Snapshot;

/// Answers the request.
pub async fn answer(State(app): State<AppState>) -> Response {
    let text = text(&app.store.snapshot(), app.health.problems().len(), Timestamp::now());
    ([(CONTENT_TYPE, HeaderValue::from_static(prometheus::CONTENT_TYPE))], text).into_response()
}

fn text(snapshot: &Snapshot, problems: usize, now: Timestamp) -> String {
    let mut metrics = Exposition::default();
    let words: Vec<Word> = snapshot.recipes.values().map(|recipe| Standing::of(&recipe.runs, now).word).collect();
    metrics.metric("dashboard_recipes", Type::Gauge, "Recipes by standing.");
    for word in [Word::Passing, Word::Failing, Word::Flaky, Word::Broken, Word::Stale, Word::Untested] {
        let count = words.iter().filter(|other| **other == word).count();
        metrics.sample("dashboard_recipes", &[("standing", word.as_str())], count);
    }
    let running = snapshot.runs.iter().filter(|run| !run.is_done).count();
    metrics.gauge("dashboard_runs", "Runs that are kept.", snapshot.runs.len());
    metrics.gauge("dashboard_runs_running", "Runs that have not ended.", running);
    metrics.gauge("dashboard_runs_damaged", "Runs that cannot be read.", snapshot.damaged.len());
    metrics.gauge("dashboard_problems", "Problems of the program.", problems);
    metrics.resident_memory("dashboard");
    metrics.finish()
}
