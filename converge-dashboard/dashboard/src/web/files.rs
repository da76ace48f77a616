//! `/runs/<run>/<file>`: the artefacts of a run.
//!
//! A run writes what untrusted code made, so a file never runs script in our origin, and only plain names with known
//! endings are served, by the descriptor that was checked.

use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use daemon::event_stream::Lasting;
use futures_util::stream::{Stream, unfold};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;

use super::{AppState, nothing};
use crate::artefact::media_type;
use crate::store::{RunId, open_file};

/// An artefact has no origin, loads nothing and runs nothing.
const POLICY: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'; style-src 'unsafe-inline'");
/// The bytes that are read at once.
const CHUNK: u64 = 64 * 1024;

/// Answers the request.
pub async fn answer(State(app): State<AppState>, Path((run, name)): Path<(String, String)>) -> Response {
    let (Some(run), Some(media_type)) = (RunId::new(&run), media_type(&name)) else { return nothing().await };
    let Ok(permit) = app.downloads.clone().try_acquire_owned() else {
        let wait = [(RETRY_AFTER, HeaderValue::from_static("5"))];
        return (StatusCode::SERVICE_UNAVAILABLE, wait, "too many files are being sent\n").into_response();
    };
    let runs = app.store.directories().runs.clone();
    let opened = spawn_blocking(move || {
        let file = open_file(&runs, &run, &name)?;
        file.map(|file| file.metadata().map(|about| (file, about.len()))).transpose()
    });
    // A link, a directory, a file without the right to read it: nothing that is served.
    let Ok(Ok(Some((file, length)))) = opened.await else { return nothing().await };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (CONTENT_LENGTH, HeaderValue::from(length)),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    let mut response = (headers, Body::from_stream(chunks(file, length, permit))).into_response();
    response.extensions_mut().insert(Lasting);
    response
}

/// The first `length` bytes of a file, which may grow meanwhile.
fn chunks(
    file: File,
    length: u64,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    unfold((Arc::new(file), length, permit), |(file, left, permit)| async move {
        if left == 0 {
            return None;
        }
        let reader = file.clone();
        let read = spawn_blocking(move || {
            let mut bytes = Vec::new();
            (&*reader).take(CHUNK.min(left)).read_to_end(&mut bytes).map(|_| bytes)
        });
        let bytes = match read.await {
            Ok(Ok(bytes)) if bytes.is_empty() => Err(std::io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(_) => Err(std::io::ErrorKind::Other.into()),
        };
        let left = bytes.as_ref().map_or(0, |bytes| left - bytes.len() as u64);
        Some((bytes.map(Bytes::from), (file, left, permit)))
    })
}
