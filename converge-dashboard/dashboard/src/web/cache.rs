//! Pages are rendered and compressed once a generation, and no more than once a second.
//!
//! A page shows ages, so it is made again each second that it is asked for; many requests at once share one page.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, VARY};
use axum::http::response::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use daemon::event_stream::Lasting;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::time::Instant;

use super::AppState;

/// The longest time for which a page is shared.
const FRESH: Duration = Duration::from_secs(1);
/// The most pages that are kept.
const PAGES: usize = 64;
/// The largest page that is kept and compressed, in bytes.
const LARGEST: usize = 4 * 1024 * 1024;
/// The smallest answer that is compressed, in bytes.
const SMALLEST: usize = 1024;

/// The pages of the last second, by path and query.
#[derive(Debug, Default)]
pub struct Cache(Mutex<HashMap<String, Page>>);

/// An answer as it is sent.
#[derive(Debug, Clone)]
struct Page {
    generation: u64,
    made: Instant,
    parts: Parts,
    plain: Bytes,
    /// Smaller than `plain`.
    gzip: Option<Bytes>,
}

/// Answers from the cache, or keeps the answer.
pub async fn layer(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let takes_gzip = takes_gzip(request.headers());
    let key = request.uri().path_and_query().map(ToString::to_string).filter(|_| request.method() == Method::GET);
    let Some(key) = key else { return next.run(request).await };
    let generation = app.store.snapshot().generation;
    if let Some(page) = app.cache.get(&key, generation) {
        return page.answer(takes_gzip);
    }
    let answer = next.run(request).await;
    if answer.status() != StatusCode::OK || answer.extensions().get::<Lasting>().is_some() {
        return answer;
    }
    let (parts, body) = answer.into_parts();
    // All other bodies are made in memory, and none is larger.
    let Ok(plain) = to_bytes(body, LARGEST).await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let gzip = is_text(&parts.headers).then(|| compressed(&plain)).flatten();
    let page = Page { generation, made: Instant::now(), parts, plain, gzip };
    app.cache.keep(key, page.clone());
    page.answer(takes_gzip)
}

impl Cache {
    fn get(&self, key: &str, generation: u64) -> Option<Page> {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.get(key).filter(|page| page.is_current(generation)).cloned()
    }

    fn keep(&self, key: String, page: Page) {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.retain(|_, kept| kept.is_current(page.generation));
        if pages.len() < PAGES {
            pages.insert(key, page);
        }
    }
}

impl Page {
    fn is_current(&self, generation: u64) -> bool {
        self.generation == generation && self.made.elapsed() < FRESH
    }

    fn answer(self, takes_gzip: bool) -> Response {
        let Self { mut parts, plain, gzip, .. } = self;
        parts.headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        let body = match gzip.filter(|_| takes_gzip) {
            Some(gzip) => {
                parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                gzip
            }
            None => plain,
        };
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        Response::from_parts(parts, Body::from(body))
    }
}

/// True if the client takes gzip and does not refuse it by `q=0`.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(parameters.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

fn is_text(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ["text/", "application/json", "application/atom+xml", "image/svg+xml"]
        .iter()
        .any(|text| media_type.starts_with(text))
}

fn compressed(plain: &[u8]) -> Option<Bytes> {
    if plain.len() < SMALLEST {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().filter(|gzip| gzip.len() < plain.len()).map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_takes_gzip_if_it_says_so() {
        for (value, takes) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("deflate,gzip", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0", false),
            ("br", false),
            ("x-gzip-like", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            assert_eq!(takes_gzip(&headers), takes, "{value}");
        }
    }
}
