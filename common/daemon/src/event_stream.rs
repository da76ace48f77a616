//! Server-sent events: answers that last until the client leaves.
//!
//! They are a class of their own beside short answers: they have their own capacity and free the connection's place among
//! the short ones ([`listen`](crate::listen)), a heartbeat shows dead clients, a client that does not read is dropped, a
//! stream over capacity is refused and none is evicted, and all end at the shutdown.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::{Stream, StreamExt as _};
use tokio::sync::{Semaphore, watch};

/// The interval of comments that keep an idle stream open.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The wait that a refused client is asked for, in seconds.
const AGAIN: HeaderValue = HeaderValue::from_static("30");

/// The mark of an answer that lasts, for the listener.
#[derive(Debug, Clone, Copy)]
pub struct Lasting;

/// The event streams of a program.
#[derive(Debug, Clone)]
pub struct EventStreams {
    free: Arc<Semaphore>,
    shutdown: watch::Receiver<bool>,
}

impl EventStreams {
    /// At most `most` streams at a time, until `shutdown` is true.
    pub fn new(most: usize, shutdown: watch::Receiver<bool>) -> Self {
        Self { free: Arc::new(Semaphore::new(most)), shutdown }
    }

    /// Answers with these events until they end, the client leaves or the program ends. 503 over capacity.
    pub fn respond(&self, events: impl Stream<Item = Event> + Send + 'static) -> Response {
        let Ok(permit) = self.free.clone().try_acquire_owned() else {
            let refused =
                (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, AGAIN)], "too many event streams are open\n");
            return refused.into_response();
        };
        let mut shutdown = self.shutdown.clone();
        let events = events.take_until(async move {
            // A sender that is gone is a shutdown too.
            let _ended = shutdown.wait_for(|shutdown| *shutdown).await;
        });
        let events = events.map(move |event| {
            let _held = &permit;
            Ok::<_, Infallible>(event)
        });
        let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.extensions_mut().insert(Lasting);
        response
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use futures_util::stream;

    use super::*;

    fn pending() -> impl Stream<Item = Event> + Send + 'static {
        stream::once(std::future::ready(Event::default().data("first"))).chain(stream::pending())
    }

    #[tokio::test]
    async fn a_stream_over_capacity_is_refused_until_another_one_ends() {
        let (_sender, shutdown) = watch::channel(false);
        let streams = EventStreams::new(1, shutdown);
        let open = streams.respond(pending());
        assert_eq!(open.status(), StatusCode::OK);
        assert_eq!(open.headers()["content-type"], "text/event-stream");
        let refused = streams.respond(pending());
        assert_eq!((refused.status(), &refused.headers()["retry-after"]), (StatusCode::SERVICE_UNAVAILABLE, &AGAIN));
        drop(open);
        assert_eq!(streams.respond(pending()).status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn all_streams_end_at_the_shutdown() {
        let (sender, shutdown) = watch::channel(false);
        let open = EventStreams::new(1, shutdown).respond(pending());
        sender.send_replace(true);
        assert_eq!(to_bytes(open.into_body(), 1000).await.unwrap(), "");
        let (sender, shutdown) = watch::channel(false);
        let open = EventStreams::new(1, shutdown).respond(pending());
        drop(sender);
        assert!(to_bytes(open.into_body(), 1000).await.unwrap().len() < 20);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_stream_has_a_heartbeat() {
        let (sender, shutdown) = watch::channel(false);
        let open = EventStreams::new(1, shutdown).respond(pending());
        tokio::spawn(async move {
            tokio::time::sleep(HEARTBEAT * 3 + Duration::from_secs(1)).await;
            sender.send_replace(true);
        });
        assert_eq!(to_bytes(open.into_body(), 1000).await.unwrap(), "data: first\n\n:\n\n:\n\n:\n\n");
    }
}
