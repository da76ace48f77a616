//! Event streams: `/events` tells a new generation, `/runs/<run>/events` the log of a run.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event;
use futures_util::stream::unfold;
use serde::Deserialize;

use super::{AppState, nothing};
use crate::log;
use crate::store::RunId;

/// The position in a log.
#[derive(Debug, Deserialize)]
pub struct From {
    /// The offset in bytes.
    from: Option<u64>,
}

/// The generation that a page shows.
#[derive(Debug, Deserialize)]
pub struct Seen {
    /// The generation.
    seen: Option<u64>,
}

/// `/events?seen=<generation>`: an event with the generation as its id whenever there is another one.
pub async fn generations(State(app): State<AppState>, Query(page): Query<Seen>, headers: HeaderMap) -> Response {
    let seen = last_id(&headers).or(page.seen).unwrap_or_else(|| app.store.snapshot().generation);
    let generation = app.store.generation();
    app.streams.respond(unfold((generation, seen), |(mut generation, seen)| async move {
        let now = *generation.wait_for(|now| *now != seen).await.ok()?;
        let event = Event::default().event("generation").id(now.to_string()).data(now.to_string());
        Some((event, (generation, now)))
    }))
}

/// `/runs/<run>/events?from=<offset>`: the lines of the log from there on.
pub async fn log(
    State(app): State<AppState>,
    Path(run): Path<String>,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> Response {
    let Some(run) = RunId::new(&run).filter(|run| app.store.snapshot().run(run).is_some()) else {
        return nothing().await;
    };
    let position = last_id(&headers).or(from.from).unwrap_or(0);
    app.streams.respond(log::follow(app.store.clone(), run, position))
}

fn last_id(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}
