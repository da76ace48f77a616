//! `/runs/<run>`: reads the results and the end of the log, and shows them.

use std::io;

use axum::extract::{Path, State};
use axum::response::Response;
use results::Results;
use tokio::task::spawn_blocking;

use super::{AppState, nothing, show};
use crate::log::{self, Part};
use crate::pages::RunPage;
use crate::store::{RunId, Store, open_file, read_results};

/// Answers the request.
pub async fn answer(State(app): State<AppState>, Path(id): Path<String>) -> Response {
    let snapshot = app.store.snapshot();
    let Some(run) = RunId::new(&id).and_then(|id| snapshot.run(&id).cloned()) else { return nothing().await };
    let (store, id) = (app.store.clone(), run.id.clone());
    let is_done = run.is_done;
    let read =
        spawn_blocking(move || (results(&store, &id), end_of_log(&store, &id, is_done).unwrap_or_default())).await;
    let (results, log) = read.unwrap_or_default();
    // The file may have gone since the snapshot.
    let Some(results) = results else { return nothing().await };
    show(&RunPage::new(&run, &results, log, snapshot.generation))
}

fn results(store: &Store, id: &RunId) -> Option<Results> {
    read_results(&store.directories().runs, id).ok().flatten()
}

/// The last whole lines of the log, if there is one.
fn end_of_log(store: &Store, id: &RunId, is_done: bool) -> io::Result<Option<Part>> {
    let Some(mut file) = open_file(&store.directories().runs, id, log::FILE)? else { return Ok(None) };
    let from = file.metadata()?.len().saturating_sub(log::LARGEST);
    let part = log::read(&mut file, from, is_done)?;
    let empty = Part { end: from, text: String::new() };
    let Some(mut part) = part.or(Some(empty)) else { return Ok(None) };
    if from > 0 {
        // The first line is cut.
        part.text = part.text.split_once('\n').map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    }
    Ok(Some(part))
}
