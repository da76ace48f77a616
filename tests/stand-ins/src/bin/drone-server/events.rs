//! The stream of events of builds.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use crate::access::{Reader, Visitor};
use crate::accounts::visible;
use crate::server::Server;

/// Interval of the pings that a listener gets.
const PING: Duration = Duration::from_secs(30);

/// Listeners of the stream.
#[derive(Debug, Default)]
pub struct Events {
    listeners: Mutex<Vec<Listener>>,
}

#[derive(Debug)]
struct Listener {
    scope: Scope,
    sender: UnboundedSender<String>,
}

/// Scope of a listener.
#[derive(Debug)]
enum Scope {
    One(String),
    Seen { slugs: Vec<String>, is_known: bool },
}

impl Scope {
    fn of(&self, slug: &str, visibility: &str) -> bool {
        match self {
            Self::One(one) => one == slug,
            Self::Seen { slugs, is_known } => {
                visibility == "public" || (visibility == "internal" && *is_known) || slugs.iter().any(|it| it == slug)
            }
        }
    }
}

impl Events {
    fn listen(&self, scope: Scope) -> UnboundedReceiver<String> {
        let (sender, receiver) = unbounded_channel();
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(Listener { scope, sender });
        receiver
    }

    pub fn tell(&self, slug: &str, visibility: &str, data: &str) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|it| !it.sender.is_closed());
        for listener in listeners.iter().filter(|it| it.scope.of(slug, visibility)) {
            drop(listener.sender.send(data.to_owned()));
        }
    }
}

/// The events of every repository that the caller may see.
pub async fn all(State(server): State<Arc<Server>>, Visitor(account): Visitor) -> Response {
    let seen = account.as_ref().map(|account| visible(&server, account.user.id)).unwrap_or_default();
    let slugs = seen.into_iter().map(|it| it.slug).collect();
    stream(server.events.listen(Scope::Seen { slugs, is_known: account.is_some() }))
}

/// The events of one repository.
pub async fn one(State(server): State<Arc<Server>>, Reader { kept, .. }: Reader) -> Response {
    stream(server.events.listen(Scope::One(kept.repository.slug)))
}

enum Next {
    Hello,
    Listen,
    End,
}

/// Sends the lines as server-sent events, and an end mark after the last one.
pub fn stream(lines: UnboundedReceiver<String>) -> Response {
    let body = unfold((lines, Next::Hello), async |(mut lines, next)| {
        let (text, next) = match next {
            Next::End => return None,
            Next::Hello => (": ping\n\n".to_owned(), Next::Listen),
            Next::Listen => match timeout(PING, lines.recv()).await {
                Err(_) => (": ping\n\n".to_owned(), Next::Listen),
                Ok(Some(line)) => (format!("data: {line}\n\n"), Next::Listen),
                Ok(None) => ("event: error\ndata: eof\n\n".to_owned(), Next::End),
            },
        };
        Some((Ok::<_, Infallible>(text), (lines, next)))
    });
    let headers = [("content-type", "text/event-stream"), ("cache-control", "no-cache"), ("x-accel-buffering", "no")];
    (headers, Body::from_stream(body)).into_response()
}
